using System.Runtime.InteropServices;

namespace FbShare.Cli.Viewer.X11;

/// <summary>The X protocol's C bindings by their own names (xcb.h, shm.h; libxcb.so.1, libxcb-shm.so.0). Only <see cref="XConnection"/> and
/// <see cref="XSurface"/> call them.</summary>
/// <remarks>Requests give a number, by which their errors could be found: where it is not declared here, errors come as events.</remarks>
internal static partial class Xcb
{
    public const string Library = "libxcb.so.1";
    public const string ShmLibrary = "libxcb-shm.so.0";

    public const byte XCB_IMAGE_ORDER_LSB_FIRST = 0;
    public const byte XCB_IMAGE_FORMAT_Z_PIXMAP = 2;
    public const byte XCB_SHM_COMPLETION = 0;

    /// <summary>A response's type without the bit that says another client sent it.</summary>
    public const byte TypeMask = 0x7F;

    [LibraryImport(Library)]
    public static partial nint xcb_connect(nint displayName, nint screen);

    [LibraryImport(Library)]
    public static partial void xcb_disconnect(nint connection);

    [LibraryImport(Library)]
    public static partial int xcb_connection_has_error(nint connection);

    [LibraryImport(Library)]
    public static partial int xcb_get_file_descriptor(nint connection);

    [LibraryImport(Library)]
    public static unsafe partial Setup* xcb_get_setup(nint connection);

    [LibraryImport(Library)]
    public static partial uint xcb_get_maximum_request_length(nint connection);

    [LibraryImport(Library)]
    public static partial uint xcb_generate_id(nint connection);

    [LibraryImport(Library)]
    public static partial int xcb_flush(nint connection);

    /// <summary>To be freed.</summary>
    [LibraryImport(Library)]
    public static unsafe partial Event* xcb_poll_for_event(nint connection);

    /// <summary>To be freed; null: no error.</summary>
    [LibraryImport(Library)]
    public static unsafe partial Event* xcb_request_check(nint connection, uint cookie);

    [LibraryImport(Library)]
    public static unsafe partial ExtensionData* xcb_get_extension_data(nint connection, nint extension);

    [LibraryImport(Library)]
    public static partial uint xcb_get_geometry(nint connection, uint drawable);

    /// <summary>To be freed.</summary>
    [LibraryImport(Library)]
    public static unsafe partial Geometry* xcb_get_geometry_reply(nint connection, uint cookie, nint error);

    [LibraryImport(Library)]
    public static partial void xcb_create_gc(nint connection, uint id, uint drawable, uint valueMask, nint values);

    [LibraryImport(Library)]
    public static partial void xcb_free_gc(nint connection, uint id);

    [LibraryImport(Library)]
    public static unsafe partial void xcb_put_image(
        nint connection, byte format, uint drawable, uint gc, ushort width, ushort height, short x, short y, byte leftPad, byte depth, uint length, byte* data);

    [LibraryImport(ShmLibrary)]
    public static partial uint xcb_shm_query_version(nint connection);

    /// <summary>To be freed.</summary>
    [LibraryImport(ShmLibrary)]
    public static unsafe partial ShmVersion* xcb_shm_query_version_reply(nint connection, uint cookie, nint error);

    /// <param name="descriptor">The library closes it.</param>
    [LibraryImport(ShmLibrary)]
    public static partial uint xcb_shm_attach_fd_checked(nint connection, uint segment, int descriptor, byte readOnly);

    [LibraryImport(ShmLibrary)]
    public static partial void xcb_shm_detach(nint connection, uint segment);

    [LibraryImport(ShmLibrary)]
    public static partial void xcb_shm_put_image(
        nint connection, uint drawable, uint gc, ushort totalWidth, ushort totalHeight, ushort sourceX, ushort sourceY, ushort sourceWidth, ushort sourceHeight,
        short x, short y, byte depth, byte format, byte sendEvent, uint segment, uint offset);

    [LibraryImport("libc")]
    public static unsafe partial void free(void* memory);

    /// <summary>xcb_setup_t: what of it is used.</summary>
    [StructLayout(LayoutKind.Explicit)]
    public struct Setup
    {
        [FieldOffset(30)]
        public byte image_byte_order;
    }

    /// <summary>xcb_query_extension_reply_t.</summary>
    [StructLayout(LayoutKind.Explicit)]
    public struct ExtensionData
    {
        [FieldOffset(8)]
        public byte present;

        [FieldOffset(10)]
        public byte first_event;
    }

    /// <summary>xcb_get_geometry_reply_t: what of it is used.</summary>
    [StructLayout(LayoutKind.Explicit)]
    public struct Geometry
    {
        [FieldOffset(1)]
        public byte depth;
    }

    /// <summary>xcb_shm_query_version_reply_t: what of it is used.</summary>
    [StructLayout(LayoutKind.Explicit)]
    public struct ShmVersion
    {
        [FieldOffset(8)]
        public ushort major_version;

        [FieldOffset(10)]
        public ushort minor_version;
    }

    /// <summary>xcb_generic_event_t: a type of 0 is an error (xcb_generic_error_t), and xcb_shm_completion_event_t names the window.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 36)]
    public struct Event
    {
        [FieldOffset(0)]
        public byte response_type;

        [FieldOffset(1)]
        public byte error_code;

        [FieldOffset(2)]
        public ushort sequence;

        [FieldOffset(4)]
        public uint completion_drawable;

        [FieldOffset(8)]
        public ushort error_minor_code;

        [FieldOffset(10)]
        public byte error_major_code;
    }
}
