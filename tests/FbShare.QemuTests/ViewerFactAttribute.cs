using System.Runtime.InteropServices;

namespace FbShare.QemuTests;

/// <summary>A test of the viewer's window on an X server of its own; skipped, and says so, where something for that is missing.</summary>
internal sealed class ViewerFactAttribute : FactAttribute
{
    /// <param name="programs">What else has to be there, by Debian's packages of the same names.</param>
    public ViewerFactAttribute(params string[] programs) => Skip = TestMachine.Missing(Needs.Pci) ?? Missing(programs);

    /// <summary>What is missing for a window, in words; null if nothing is.</summary>
    public static string? Missing(params string[] programs)
    {
        (string Program, string Package)[] needs = [("Xvfb", "xvfb"), ("xdotool", "xdotool"), ("import", "imagemagick"), .. programs.Select(p => (p, p))];
        foreach ((string program, string package) in needs)
        {
            if (!(Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, program))))
            {
                return $"{program} (apt install {package})";
            }
        }
        if (!NativeLibrary.TryLoad("libSDL2-2.0.so.0", out nint library))
        {
            return "libSDL2-2.0.so.0 (apt install libsdl2-2.0-0)";
        }
        NativeLibrary.Free(library);
        return null;
    }
}

/// <summary>The same test for each way of drawing a window.</summary>
internal sealed class ViewerTheoryAttribute : TheoryAttribute
{
    /// <param name="programs">What else has to be there, by Debian's packages of the same names.</param>
    public ViewerTheoryAttribute(params string[] programs) => Skip = TestMachine.Missing(Needs.Pci) ?? ViewerFactAttribute.Missing(programs);
}
