using System.Runtime.InteropServices;
using System.Text;

namespace FbShare.Cli.Viewer.Wayland;

/// <summary>The protocol by which a compositor takes dma-bufs (linux-dmabuf-v1.xml, version 3), as Wayland's library needs it described: it knows only
/// the core of Wayland by itself.</summary>
internal static class LinuxDmaBuf
{
    /// <summary>The compositor's object, for a registry.</summary>
    public const string Name = "zwp_linux_dmabuf_v1";

    public const uint VERSION = 3;
    public const uint ZWP_LINUX_DMABUF_V1_DESTROY = 0;
    public const uint ZWP_LINUX_DMABUF_V1_CREATE_PARAMS = 1;
    public const uint ZWP_LINUX_BUFFER_PARAMS_V1_DESTROY = 0;
    public const uint ZWP_LINUX_BUFFER_PARAMS_V1_ADD = 1;
    public const uint ZWP_LINUX_BUFFER_PARAMS_V1_CREATE = 2;

    /// <summary>Of any of these messages, and more.</summary>
    private const int MostArguments = 8;

    /// <summary>zwp_linux_buffer_params_v1: what a dma-buf is, plane by plane, and then a wl_buffer of it.</summary>
    public static readonly nint ParamsInterface = Describe(
        "zwp_linux_buffer_params_v1",
        [("destroy", "", 0), ("add", "huuuuu", 0), ("create", "iiuu", 0), ("create_immed", "2niiuu", Wl.Interface("wl_buffer_interface"))],
        [("created", "n", Wl.Interface("wl_buffer_interface")), ("failed", "", 0)]);

    /// <summary>zwp_linux_dmabuf_v1: which formats there are, with which modifiers.</summary>
    public static readonly nint Interface = Describe(
        Name, [("destroy", "", 0), ("create_params", "n", ParamsInterface)], [("format", "u", 0), ("modifier", "3uuu", 0)]);

    /// <summary>Makes a struct wl_interface, which stays.</summary>
    private static unsafe nint Describe(
        string name, ReadOnlySpan<(string Name, string Signature, nint Made)> requests, ReadOnlySpan<(string Name, string Signature, nint Made)> events)
    {
        // SAFETY: memory for one struct, which is never freed.
        var description = (WlInterface*)NativeMemory.Alloc((nuint)sizeof(WlInterface));
        *description = new WlInterface
        {
            name = Text(name),
            version = (int)VERSION,
            method_count = requests.Length,
            methods = Messages(requests),
            event_count = events.Length,
            events = Messages(events),
        };
        return (nint)description;
    }

    private static unsafe nint Messages(ReadOnlySpan<(string Name, string Signature, nint Made)> messages)
    {
        // SAFETY: memory for as many structs as are written, and for each a zeroed list as long as the longest signature; never freed.
        var list = (WlMessage*)NativeMemory.Alloc((nuint)messages.Length, (nuint)sizeof(WlMessage));
        for (int i = 0; i < messages.Length; i++)
        {
            // One for each argument: what a new object is, and nothing for a number.
            var types = (nint*)NativeMemory.AllocZeroed(MostArguments, (nuint)sizeof(nint));
            types[0] = messages[i].Made;
            list[i] = new WlMessage { name = Text(messages[i].Name), signature = Text(messages[i].Signature), types = (nint)types };
        }
        return (nint)list;
    }

    private static unsafe nint Text(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text + '\0');
        // SAFETY: memory for as many bytes as are copied into it, which is never freed.
        nint at = (nint)NativeMemory.Alloc((nuint)bytes.Length);
        bytes.CopyTo(new Span<byte>((void*)at, bytes.Length));
        return at;
    }

    /// <summary>struct wl_interface (wayland-util.h).</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct WlInterface
    {
        public nint name;
        public int version;
        public int method_count;
        public nint methods;
        public int event_count;
        public nint events;
    }

    /// <summary>struct wl_message (wayland-util.h).</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct WlMessage
    {
        public nint name;
        public nint signature;
        public nint types;
    }
}
