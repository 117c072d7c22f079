using System.Runtime.InteropServices;
using System.Text;

namespace FbShare.Linux;

/// <summary>Does for this process what needs a path, once it may not use any: it asks another process, which may. A filter of system calls cannot
/// tell one path from another.</summary>
/// <remarks>One for the whole process, as the filter is. Whoever needs a path while a device runs looks here first.</remarks>
public sealed class PathHelper
{
    private static PathHelper? _current;

    private readonly UnixSocket _socket;
    private readonly Lock _gate = new();

    /// <param name="socket">The caller's.</param>
    internal PathHelper(UnixSocket socket) => _socket = socket;

    /// <summary>Where to ask; null where this process may use paths itself.</summary>
    internal static PathHelper? Current => Volatile.Read(ref _current);

    /// <summary>From now on, the process at the other end of <paramref name="socket"/> is asked.</summary>
    /// <param name="socket">Owned from here on; open as long as this process lives.</param>
    public static void Use(UnixSocket socket) => Volatile.Write(ref _current, new PathHelper(socket));

    /// <summary>Removes a file or a socket that this process made, if it is there; by the helper where this process may not.</summary>
    internal static void RemoveHereOrThere(string path)
    {
        if (Current is { } helper)
        {
            helper.Remove(path);
        }
        else
        {
            File.Delete(path);
        }
    }

    /// <inheritdoc cref="RemoveHereOrThere"/>
    internal void Remove(string path)
    {
        try
        {
            Ask(PathCall.Remove, path, null, out _);
        }
        catch (LinuxException)
        {
            // The helper was killed. What is left of a socket is replaced by the next that listens there.
        }
    }

    /// <summary>Writes a file anew, completely or not at all.</summary>
    /// <returns>Null, or why it failed.</returns>
    /// <exception cref="LinuxException">The helper is gone, or there is no memory.</exception>
    internal string? WriteFile(string path, ReadOnlySpan<byte> content)
    {
        using FileDescriptor memory = MemFd.Create("fbshare-file", content.Length);
        if (content.Length > 0)
        {
            using MemoryMapping mapping = MemoryMapping.Map(memory, 0, content.Length, writable: true);
            content.CopyTo(mapping.Slice(0, content.Length));
        }
        string failure = Ask(PathCall.WriteFile, path, memory, out _);
        return failure.Length == 0 ? null : failure;
    }

    /// <summary>The same memory file, opened for reading only.</summary>
    /// <exception cref="LinuxException">It cannot be opened, or the helper is gone.</exception>
    internal FileDescriptor ReopenReadOnly(FileDescriptor file)
    {
        string failure = Ask(PathCall.ReopenReadOnly, "", file, out FileDescriptor? opened);
        return opened ?? throw new LinuxException($"open through the helper: {failure}", (int)Errno.EACCES);
    }

    /// <summary>What a descriptor is, as /proc shows it.</summary>
    /// <exception cref="LinuxException">The helper is gone.</exception>
    internal string Describe(FileDescriptor file) => Ask(PathCall.Describe, "", file, out _);

    /// <summary>A process's name; empty where it is not known.</summary>
    /// <exception cref="LinuxException">The helper is gone.</exception>
    internal string NameProcess(int process) => Ask(PathCall.NameProcess, process.ToString(System.Globalization.CultureInfo.InvariantCulture), null, out _);

    private string Ask(PathCall request, string text, FileDescriptor? file, out FileDescriptor? answered)
    {
        lock (_gate)
        {
            PathMessage.Send(_socket, request, text, file);
            var descriptors = new List<FileDescriptor>();
            (_, string answer) = PathMessage.Receive(_socket, descriptors) ?? throw new LinuxException("the process that opens files for this one is gone", (int)Errno.EPIPE);
            answered = descriptors.Count > 0 ? descriptors[0] : null;
            return answer;
        }
    }
}

/// <summary>What a process without paths asks for.</summary>
internal enum PathCall : uint
{
    /// <summary>An answer.</summary>
    Answer,

    /// <summary>Remove the socket or the file at the path.</summary>
    Remove,

    /// <summary>Write the memory file that comes along to the path.</summary>
    WriteFile,

    /// <summary>Open the memory file that comes along for reading only.</summary>
    ReopenReadOnly,

    /// <summary>Say what the descriptor is that comes along.</summary>
    Describe,

    /// <summary>Say what the process with the number in the text is called.</summary>
    NameProcess,
}

/// <summary>A question or an answer: eight bytes, a text, and at most one descriptor.</summary>
internal static class PathMessage
{
    /// <summary>Longer than a path or an answer may be.</summary>
    public const int MostText = 64 << 10;

    private const int HeaderSize = 8;

    public static void Send(UnixSocket socket, PathCall request, string text, FileDescriptor? file)
    {
        byte[] message = new byte[HeaderSize + Encoding.UTF8.GetByteCount(text)];
        int length = Encoding.UTF8.GetBytes(text, message.AsSpan(HeaderSize));
        ReadOnlySpan<uint> header = [(uint)request, (uint)length];
        MemoryMarshal.AsBytes(header).CopyTo(message);
        socket.SendAll(message, file is null ? default : new ReadOnlySpan<FileDescriptor>(in file));
    }

    /// <summary>Waits for a message.</summary>
    /// <param name="descriptors">What came along; the caller's.</param>
    /// <returns>Null when the other end is gone, or sends what is no message.</returns>
    public static (PathCall Request, string Text)? Receive(UnixSocket socket, List<FileDescriptor> descriptors)
    {
        Span<uint> header = stackalloc uint[HeaderSize / sizeof(uint)];
        if (!TryFill(socket, MemoryMarshal.AsBytes(header), descriptors) || header[1] > MostText)
        {
            return null;
        }
        byte[] text = new byte[header[1]];
        return TryFill(socket, text, descriptors) ? ((PathCall)header[0], Encoding.UTF8.GetString(text)) : null;
    }

    private static bool TryFill(UnixSocket socket, Span<byte> bytes, List<FileDescriptor> descriptors)
    {
        while (bytes.Length > 0)
        {
            int count = socket.Receive(bytes, descriptors) ?? 0;
            if (count == 0)
            {
                return false;
            }
            bytes = bytes[count..];
        }
        return true;
    }
}
