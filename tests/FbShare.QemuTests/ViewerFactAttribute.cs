using System.Runtime.InteropServices;

namespace FbShare.QemuTests;

/// <summary>A test of the viewer's window on an X server of its own; skipped, and says so, where something for that is missing.</summary>
internal sealed class ViewerFactAttribute : FactAttribute
{
    public ViewerFactAttribute() => Skip = TestMachine.Missing(Needs.Blob) ?? Missing();

    private static string? Missing()
    {
        foreach ((string program, string package) in ((string, string)[])[("Xvfb", "xvfb"), ("xdotool", "xdotool"), ("import", "imagemagick")])
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
