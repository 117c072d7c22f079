using System.Runtime.InteropServices;

namespace FbShare.Cli.Viewer.Wayland;

/// <summary>Wayland's C bindings by their own names (wayland-client-core.h; libwayland-client.so.0), and the numbers of the requests that are used
/// (wayland.xml). Only this folder calls them.</summary>
internal static partial class Wl
{
    public const string Library = "libwayland-client.so.0";

    public const uint WL_MARSHAL_FLAG_DESTROY = 1;

    public const uint WL_DISPLAY_GET_REGISTRY = 1;
    public const uint WL_REGISTRY_BIND = 0;
    public const uint WL_SHM_CREATE_POOL = 0;
    public const uint WL_SHM_POOL_CREATE_BUFFER = 0;
    public const uint WL_SHM_POOL_DESTROY = 1;
    public const uint WL_BUFFER_DESTROY = 0;
    public const uint WL_SURFACE_ATTACH = 1;
    public const uint WL_SURFACE_DAMAGE = 2;
    public const uint WL_SURFACE_FRAME = 3;
    public const uint WL_SURFACE_COMMIT = 6;
    public const uint WL_SURFACE_DAMAGE_BUFFER = 9;

    /// <summary>From this version on a surface has <see cref="WL_SURFACE_DAMAGE_BUFFER"/>.</summary>
    public const uint WL_SURFACE_DAMAGE_BUFFER_SINCE_VERSION = 4;

    public const uint WL_SHM_FORMAT_XRGB8888 = 1;

    /// <param name="name">0: what WAYLAND_DISPLAY says.</param>
    [LibraryImport(Library)]
    public static partial nint wl_display_connect(nint name);

    [LibraryImport(Library)]
    public static partial void wl_display_disconnect(nint display);

    [LibraryImport(Library)]
    public static partial nint wl_display_create_queue(nint display);

    [LibraryImport(Library)]
    public static partial void wl_event_queue_destroy(nint queue);

    [LibraryImport(Library)]
    public static partial int wl_display_roundtrip_queue(nint display, nint queue);

    [LibraryImport(Library)]
    public static partial int wl_display_dispatch_queue_pending(nint display, nint queue);

    [LibraryImport(Library)]
    public static partial int wl_display_flush(nint display);

    /// <summary>The same object, whose requests make others on another queue.</summary>
    [LibraryImport(Library)]
    public static partial nint wl_proxy_create_wrapper(nint proxy);

    [LibraryImport(Library)]
    public static partial void wl_proxy_wrapper_destroy(nint wrapper);

    /// <param name="queue">0: the display's own.</param>
    [LibraryImport(Library)]
    public static partial void wl_proxy_set_queue(nint proxy, nint queue);

    [LibraryImport(Library)]
    public static partial uint wl_proxy_get_version(nint proxy);

    [LibraryImport(Library)]
    public static partial void wl_proxy_destroy(nint proxy);

    /// <param name="listener">A function for each event, in the order of wayland.xml; must stay.</param>
    [LibraryImport(Library)]
    public static partial int wl_proxy_add_listener(nint proxy, nint listener, nint data);

    [LibraryImport(Library)]
    private static unsafe partial nint wl_proxy_marshal_array_flags(nint proxy, uint opcode, nint created, uint version, uint flags, Argument* arguments);

    /// <summary>Sends a request that makes nothing.</summary>
    public static unsafe void Send(nint proxy, uint opcode, ReadOnlySpan<Argument> arguments, uint flags = 0)
    {
        fixed (Argument* at = arguments)
        {
            // SAFETY: as many arguments as the request has are the caller's matter; they are pinned, and the library copies them.
            wl_proxy_marshal_array_flags(proxy, opcode, 0, wl_proxy_get_version(proxy), flags, at);
        }
    }

    /// <summary>Sends a request that makes an object.</summary>
    /// <param name="description">The object's <see cref="Interface"/>.</param>
    /// <param name="version">The object's; null: that of the one that makes it.</param>
    public static unsafe nint Create(nint proxy, uint opcode, nint description, ReadOnlySpan<Argument> arguments, uint? version = null)
    {
        fixed (Argument* at = arguments)
        {
            // SAFETY: as in Send.
            return wl_proxy_marshal_array_flags(proxy, opcode, description, version ?? wl_proxy_get_version(proxy), 0, at);
        }
    }

    /// <summary>What the library knows of an interface (struct wl_interface).</summary>
    /// <param name="name">As it exports it: wl_buffer_interface.</param>
    public static nint Interface(string name) => NativeLibrary.GetExport(NativeLibrary.Load(Library, typeof(Wl).Assembly, null), name);

    /// <summary>A list of functions for a listener, which stays.</summary>
    public static unsafe nint Listener(params ReadOnlySpan<nint> functions)
    {
        // SAFETY: memory for as many functions as are copied into it, which is never freed.
        var list = (nint*)NativeMemory.Alloc((nuint)functions.Length, (nuint)sizeof(nint));
        functions.CopyTo(new Span<nint>(list, functions.Length));
        return (nint)list;
    }

    /// <summary>union wl_argument.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 8)]
    public struct Argument
    {
        [FieldOffset(0)]
        public int i;

        [FieldOffset(0)]
        public uint u;

        [FieldOffset(0)]
        public nint p;

        public static implicit operator Argument(int value) => new() { i = value };

        public static implicit operator Argument(uint value) => new() { u = value };

        public static implicit operator Argument(nint value) => new() { p = value };
    }
}
