using System.Runtime.InteropServices;

namespace FbShare.Display.DBus;

/// <summary>libsystemd's sd-bus by its own names (sd-bus.h, versions 252 to 257).</summary>
/// <remarks>Raw: a negative result is an errno. Buses, messages, slots and texts in messages are pointers that are only handed on. None of the variadic functions is here, they
/// cannot be called from C#.</remarks>
internal static partial class SdBus
{
    public const string Library = "libsystemd.so.0";

    public const byte MESSAGE_METHOD_ERROR = 3;

    /// <summary>A call's timeout that never comes.</summary>
    public const ulong NEVER = ulong.MaxValue;

    [LibraryImport(Library)]
    public static partial int sd_bus_new(out nint bus);

    [LibraryImport(Library)]
    public static partial int sd_bus_set_fd(nint bus, int input, int output);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int sd_bus_set_address(nint bus, string address);

    [LibraryImport(Library)]
    public static partial int sd_bus_set_bus_client(nint bus, int yes);

    [LibraryImport(Library)]
    public static partial int sd_bus_set_server(nint bus, int yes, Id128 id);

    [LibraryImport(Library)]
    public static partial int sd_bus_negotiate_fds(nint bus, int yes);

    [LibraryImport(Library)]
    public static partial int sd_bus_start(nint bus);

    [LibraryImport(Library)]
    public static partial int sd_bus_is_open(nint bus);

    [LibraryImport(Library)]
    public static partial int sd_bus_is_ready(nint bus);

    [LibraryImport(Library)]
    public static partial void sd_bus_close(nint bus);

    [LibraryImport(Library)]
    public static partial nint sd_bus_unref(nint bus);

    [LibraryImport(Library)]
    public static partial int sd_bus_get_fd(nint bus);

    [LibraryImport(Library)]
    public static partial int sd_bus_get_events(nint bus);

    [LibraryImport(Library)]
    public static partial int sd_bus_get_timeout(nint bus, out ulong microseconds);

    [LibraryImport(Library)]
    public static partial int sd_bus_process(nint bus, nint message);

    [LibraryImport(Library)]
    public static partial int sd_bus_get_n_queued_write(nint bus, out ulong count);

    [LibraryImport(Library)]
    public static partial int sd_bus_send(nint bus, nint message, nint cookie);

    [LibraryImport(Library)]
    public static unsafe partial int sd_bus_call_async(
        nint bus, nint slot, nint message, delegate* unmanaged[Cdecl]<nint, nint, nint, int> callback, nint userdata, ulong microseconds);

    [LibraryImport(Library)]
    public static unsafe partial int sd_bus_add_fallback(
        nint bus, nint slot, byte* prefix, delegate* unmanaged[Cdecl]<nint, nint, nint, int> callback, nint userdata);

    [LibraryImport(Library)]
    public static unsafe partial int sd_bus_add_match_async(
        nint bus, nint slot, byte* match, delegate* unmanaged[Cdecl]<nint, nint, nint, int> callback, nint installed, nint userdata);

    [LibraryImport(Library)]
    public static unsafe partial int sd_bus_message_new_method_call(
        nint bus, out nint message, byte* destination, byte* path, byte* interfaceName, byte* member);

    [LibraryImport(Library)]
    public static unsafe partial int sd_bus_message_new_signal(nint bus, out nint message, byte* path, byte* interfaceName, byte* member);

    [LibraryImport(Library)]
    public static partial int sd_bus_message_new_method_return(nint call, out nint message);

    [LibraryImport(Library)]
    public static unsafe partial int sd_bus_reply_method_error(nint call, Error* error);

    [LibraryImport(Library)]
    public static partial nint sd_bus_message_ref(nint message);

    [LibraryImport(Library)]
    public static partial nint sd_bus_message_unref(nint message);

    [LibraryImport(Library)]
    public static partial int sd_bus_message_set_expect_reply(nint message, int yes);

    [LibraryImport(Library)]
    public static partial int sd_bus_message_get_expect_reply(nint message);

    [LibraryImport(Library)]
    public static partial int sd_bus_message_get_type(nint message, out byte type);

    [LibraryImport(Library)]
    public static partial int sd_bus_message_get_cookie(nint message, out ulong cookie);

    [LibraryImport(Library)]
    public static partial nint sd_bus_message_get_path(nint message);

    [LibraryImport(Library)]
    public static partial nint sd_bus_message_get_interface(nint message);

    [LibraryImport(Library)]
    public static partial nint sd_bus_message_get_member(nint message);

    [LibraryImport(Library)]
    public static partial nint sd_bus_message_get_signature(nint message, int complete);

    [LibraryImport(Library)]
    public static unsafe partial Error* sd_bus_message_get_error(nint message);

    [LibraryImport(Library)]
    public static unsafe partial int sd_bus_message_append_basic(nint message, byte type, void* value);

    [LibraryImport(Library)]
    public static unsafe partial int sd_bus_message_append_array_space(nint message, byte type, nuint size, void** space);

    [LibraryImport(Library)]
    public static unsafe partial int sd_bus_message_open_container(nint message, byte type, byte* contents);

    [LibraryImport(Library)]
    public static partial int sd_bus_message_close_container(nint message);

    [LibraryImport(Library)]
    public static unsafe partial int sd_bus_message_read_basic(nint message, byte type, void* value);

    [LibraryImport(Library)]
    public static unsafe partial int sd_bus_message_read_array(nint message, byte type, void** values, nuint* size);

    [LibraryImport(Library)]
    public static unsafe partial int sd_bus_message_enter_container(nint message, byte type, byte* contents);

    [LibraryImport(Library)]
    public static partial int sd_bus_message_exit_container(nint message);

    [LibraryImport(Library)]
    public static partial int sd_bus_message_at_end(nint message, int complete);

    [LibraryImport(Library)]
    public static partial int sd_bus_message_peek_type(nint message, out byte type, out nint contents);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int sd_bus_message_skip(nint message, string types);

    /// <summary>sd_id128_t, passed by value.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Id128
    {
        public ulong Low;
        public ulong High;
    }

    /// <summary>sd_bus_error: name and message, and whether they are to be freed.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Error
    {
        public unsafe byte* Name;
        public unsafe byte* Message;
        public int NeedFree;
    }
}
