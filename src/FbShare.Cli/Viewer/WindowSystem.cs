using System.Runtime.InteropServices;

namespace FbShare.Cli.Viewer;

/// <summary>The descriptors of the window systems' connections, which SDL does not tell.</summary>
internal static partial class WindowSystem
{
    [LibraryImport("libX11.so.6")]
    public static partial int XConnectionNumber(nint display);

    [LibraryImport("libwayland-client.so.0")]
    public static partial int wl_display_get_fd(nint display);
}
