using System.Runtime.InteropServices;

namespace FbShare.Cli.Viewer.Wayland;

/// <summary>Looks at a Wayland compositor before SDL does.</summary>
internal static class SeatProbe
{
    /// <summary>Why SDL must not be let near the compositor; null where it may, or where there is none.</summary>
    /// <remarks>SDL (2.26, and by their sources its later versions) looks for the pointer of the compositor's seat without asking whether there is one, which ends the program.</remarks>
    public static string? FindObstacle()
    {
        // A connection that somebody left open for SDL serves only once.
        bool isLeftOpen = Environment.GetEnvironmentVariable("WAYLAND_SOCKET") is { Length: > 0 };
        nint display = !isLeftOpen && NativeLibrary.TryLoad(Wl.Library, typeof(Wl).Assembly, null, out _) ? Wl.wl_display_connect(0) : 0;
        if (display == 0)
        {
            return null;
        }
        nint queue = Wl.wl_display_create_queue(display);
        bool hasSeat;
        using (var globals = new WaylandGlobals(display, queue))
        {
            hasSeat = globals.Has("wl_seat");
        }
        Wl.wl_event_queue_destroy(queue);
        Wl.wl_display_disconnect(display);
        return hasSeat ? null : "the Wayland compositor has no seat, that is, neither keyboard nor pointer, and SDL cannot do without";
    }
}
