using System.Diagnostics;

namespace FbShare.QemuTests.Testbed;

/// <summary>A running <c>fbshare view</c> on a console without a window system.</summary>
/// <param name="display">A display's socket.</param>
internal sealed class ConsoleViewer(string display) : FbShareProcess(StartInfo(display))
{
    private static ProcessStartInfo StartInfo(string display)
    {
        var info = new ProcessStartInfo(TestedProgram.Path, ["view", "-v", "--display", $"unix:{display}"]) { RedirectStandardError = true };
        info.Environment.Remove("DISPLAY");
        info.Environment.Remove("WAYLAND_DISPLAY");
        info.Environment.Remove("SDL_VIDEODRIVER");
        return info;
    }
}
