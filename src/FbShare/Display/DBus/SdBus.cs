using System.Runtime.InteropServices;

namespace FbShare.Display.DBus;

/// <summary>libsystemd's sd-bus by its own names (sd-bus.h, versions 252 to 257).</summary>
/// <remarks>Raw: a negative result is an errno. None of the variadic functions is here, they cannot be called from C#.</remarks>
internal static unsafe partial class SdBus
{
    public const string Library = "libsystemd.so.0";

    public const byte MESSAGE_METHOD_ERROR = 3;

    /// <summary>A call's timeout that never comes.</summary>
    public const ulong NEVER = ulong.MaxValue;

    [LibraryImport(Library)]
    public static partial int sd_bus_new(void** bus);

    [LibraryImport(Library)]
    public static partial int sd_bus_set_fd(void* bus, int input, int output);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int sd_bus_set_address(void* bus, string address);

    [LibraryImport(Library)]
    public static partial int sd_bus_set_bus_client(void* bus, int yes);

    [LibraryImport(Library)]
    public static partial int sd_bus_set_server(void* bus, int yes, Id128 id);

    [LibraryImport(Library)]
    public static partial int sd_bus_negotiate_fds(void* bus, int yes);

    [LibraryImport(Library)]
    public static partial int sd_bus_start(void* bus);

    [LibraryImport(Library)]
    public static partial int sd_bus_is_open(void* bus);

    [LibraryImport(Library)]
    public static partial int sd_bus_is_ready(void* bus);

    [LibraryImport(Library)]
    public static partial void sd_bus_close(void* bus);

    [LibraryImport(Library)]
    public static partial void* sd_bus_unref(void* bus);

    [LibraryImport(Library)]
    public static partial int sd_bus_get_fd(void* bus);

    [LibraryImport(Library)]
    public static partial int sd_bus_get_events(void* bus);

    [LibraryImport(Library)]
    public static partial int sd_bus_get_timeout(void* bus, ulong* microseconds);

    [LibraryImport(Library)]
    public static partial int sd_bus_process(void* bus, void** message);

    [LibraryImport(Library)]
    public static partial int sd_bus_get_n_queued_write(void* bus, ulong* count);

    [LibraryImport(Library)]
    public static partial int sd_bus_send(void* bus, void* message, ulong* cookie);

    [LibraryImport(Library)]
    public static partial int sd_bus_call_async(
        void* bus, void** slot, void* message, delegate* unmanaged[Cdecl]<void*, void*, void*, int> callback, void* userdata, ulong microseconds);

    [LibraryImport(Library)]
    public static partial int sd_bus_add_fallback(
        void* bus, void** slot, byte* prefix, delegate* unmanaged[Cdecl]<void*, void*, void*, int> callback, void* userdata);

    [LibraryImport(Library)]
    public static partial int sd_bus_add_match_async(
        void* bus, void** slot, byte* match, delegate* unmanaged[Cdecl]<void*, void*, void*, int> callback, void* installed, void* userdata);

    [LibraryImport(Library)]
    public static partial int sd_bus_message_new_method_call(
        void* bus, void** message, byte* destination, byte* path, byte* interfaceName, byte* member);

    [LibraryImport(Library)]
    public static partial int sd_bus_message_new_signal(void* bus, void** message, byte* path, byte* interfaceName, byte* member);

    [LibraryImport(Library)]
    public static partial int sd_bus_message_new_method_return(void* call, void** message);

    [LibraryImport(Library)]
    public static partial int sd_bus_reply_method_error(void* call, Error* error);

    [LibraryImport(Library)]
    public static partial void* sd_bus_message_ref(void* message);

    [LibraryImport(Library)]
    public static partial void* sd_bus_message_unref(void* message);

    [LibraryImport(Library)]
    public static partial int sd_bus_message_set_expect_reply(void* message, int yes);

    [LibraryImport(Library)]
    public static partial int sd_bus_message_get_expect_reply(void* message);

    [LibraryImport(Library)]
    public static partial int sd_bus_message_get_type(void* message, byte* type);

    [LibraryImport(Library)]
    public static partial int sd_bus_message_get_cookie(void* message, ulong* cookie);

    [LibraryImport(Library)]
    public static partial byte* sd_bus_message_get_path(void* message);

    [LibraryImport(Library)]
    public static partial byte* sd_bus_message_get_interface(void* message);

    [LibraryImport(Library)]
    public static partial byte* sd_bus_message_get_member(void* message);

    [LibraryImport(Library)]
    public static partial byte* sd_bus_message_get_signature(void* message, int complete);

    [LibraryImport(Library)]
    public static partial Error* sd_bus_message_get_error(void* message);

    [LibraryImport(Library)]
    public static partial int sd_bus_message_append_basic(void* message, byte type, void* value);

    [LibraryImport(Library)]
    public static partial int sd_bus_message_append_array_space(void* message, byte type, nuint size, void** space);

    [LibraryImport(Library)]
    public static partial int sd_bus_message_open_container(void* message, byte type, byte* contents);

    [LibraryImport(Library)]
    public static partial int sd_bus_message_close_container(void* message);

    [LibraryImport(Library)]
    public static partial int sd_bus_message_read_basic(void* message, byte type, void* value);

    [LibraryImport(Library)]
    public static partial int sd_bus_message_read_array(void* message, byte type, void** values, nuint* size);

    [LibraryImport(Library)]
    public static partial int sd_bus_message_enter_container(void* message, byte type, byte* contents);

    [LibraryImport(Library)]
    public static partial int sd_bus_message_exit_container(void* message);

    [LibraryImport(Library)]
    public static partial int sd_bus_message_at_end(void* message, int complete);

    [LibraryImport(Library)]
    public static partial int sd_bus_message_peek_type(void* message, byte* type, byte** contents);

    [LibraryImport(Library)]
    public static partial int sd_bus_message_skip(void* message, byte* types);

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
        public byte* Name;
        public byte* Message;
        public int NeedFree;
    }
}
