using System.Runtime.InteropServices;
using SkiaSharp;

namespace FbShare.Capture;

/// <summary>libSkiaSharp.so, which lies beside the program and is loaded only when it is needed for a picture or a text.</summary>
/// <remarks>Called before any type of SkiaSharp is used: those fail in their initializers, with messages that no user understands.</remarks>
public static class SkiaLibrary
{
    private const string Name = "libSkiaSharp";

    private static readonly Lazy<string?> Probed = new(Probe);

    /// <summary>Loads the library if it is not loaded yet.</summary>
    /// <exception cref="CaptureException">It is missing, damaged or of another version; <see cref="CaptureException.LacksLibrary"/> is set.</exception>
    public static void EnsurePresent()
    {
        if (Probed.Value is { } obstacle)
        {
            throw new CaptureException(obstacle) { LacksLibrary = true };
        }
    }

    private static string? Probe()
    {
        string? why = null;
        if (!NativeLibrary.TryLoad(Name, typeof(SKImageInfo).Assembly, null, out _))
        {
            why = File.Exists(Path.Combine(AppContext.BaseDirectory, $"{Name}.so")) ? "cannot be loaded (libstdc++6 must be installed)" : "is missing";
        }
        else if (!IsOfThisVersion())
        {
            why = "is another version's";
        }
        return why is null ? null
            : $"pictures and text need {Name}.so, which {why}: put the one that was built with this program into {AppContext.BaseDirectory} (a .ppm or .raw file can be written without it)";
    }

    private static bool IsOfThisVersion()
    {
        try
        {
            return SkiaSharpVersion.CheckNativeLibraryCompatible();
        }
        catch (Exception e) when (e is EntryPointNotFoundException or TypeInitializationException)
        {
            return false;
        }
    }
}
