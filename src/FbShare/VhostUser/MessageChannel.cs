using System.Runtime.InteropServices;
using FbShare.Linux;

namespace FbShare.VhostUser;

/// <summary>Whole vhost-user messages off and onto a socket, however the bytes come in.</summary>
internal sealed class MessageChannel(UnixSocket socket) : IDisposable
{
    private static readonly int HeaderSize = Marshal.SizeOf<Messages.Header>();

    /// <summary>Bytes of replies that may wait for a front-end to read them: hundreds more than one that waits for each ever owes.</summary>
    private const int MostUnread = 64 << 10;

    private readonly SendQueue _replies = new(socket, MostUnread);
    private readonly byte[] _buffer = new byte[Marshal.SizeOf<Messages.Header>() + Messages.MaxPayload];
    private int _received;

    /// <summary>The socket, owned by this object.</summary>
    public UnixSocket Socket { get; } = socket;

    /// <summary>Descriptors of the message being received or handled, <see cref="UnixSocket.MaxDescriptors"/> at most: further ones
    /// are closed. What its handler does not take is closed after it.</summary>
    public List<FileDescriptor> Descriptors { get; } = [];

    /// <summary>Whether some of the message's descriptors did not arrive: there were too many, or none was free in this process.</summary>
    public bool LostDescriptors { get; private set; }

    /// <summary>Whether all replies are with the front-end; otherwise call <see cref="FlushReplies"/> when the socket is writable.</summary>
    public bool IsFlushed => _replies.IsEmpty;

    /// <summary>The last whole message's header.</summary>
    public Messages.Header Header => MemoryMarshal.Read<Messages.Header>(_buffer);

    /// <summary>The last whole message's payload.</summary>
    public ReadOnlySpan<byte> Payload => _buffer.AsSpan(HeaderSize, (int)Header.Size);

    /// <summary>Takes in bytes until a message is whole or none are left.</summary>
    /// <returns>True if a message is whole; false if more bytes are needed.</returns>
    /// <exception cref="EndOfStreamException">The front-end is gone.</exception>
    /// <exception cref="VhostUserException">The bytes are no vhost-user message.</exception>
    public bool TryReceive()
    {
        while (true)
        {
            int wanted = _received < HeaderSize ? HeaderSize : HeaderSize + (int)Header.Size;
            if (_received == wanted)
            {
                _received = 0;
                return true;
            }
            int? count = Socket.Receive(_buffer.AsSpan(_received, wanted - _received), Descriptors, wait: false);
            if (count is null)
            {
                return false;
            }
            LimitDescriptors();
            if (count == 0)
            {
                throw new EndOfStreamException();
            }
            _received += count.Value;
            if (_received == HeaderSize)
            {
                CheckHeader();
            }
        }
    }

    /// <summary>Sends the replies that wait as far as the socket takes them.</summary>
    /// <exception cref="LinuxException">The front-end is gone.</exception>
    public void FlushReplies() => _replies.Flush();

    /// <summary>Answers the message being handled, now or when the socket takes it.</summary>
    /// <exception cref="VhostUserException">The front-end does not read its replies.</exception>
    public void Reply<T>(in T payload)
        where T : unmanaged => Reply(MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in payload)));

    /// <inheritdoc cref="Reply{T}"/>
    public void Reply(ReadOnlySpan<byte> payload)
    {
        Span<byte> message = stackalloc byte[HeaderSize + payload.Length];
        var header = new Messages.Header { Request = Header.Request, Flags = Messages.Version | Messages.FlagReply, Size = (uint)payload.Length };
        MemoryMarshal.Write(message, in header);
        payload.CopyTo(message[HeaderSize..]);
        if (!_replies.TrySend(message))
        {
            throw new VhostUserException($"it does not read its replies: more than {MostUnread >> 10} KiB of them wait");
        }
    }

    /// <summary>Closes the message's descriptors that nobody took.</summary>
    public void DropDescriptors()
    {
        foreach (FileDescriptor fd in Descriptors)
        {
            fd.Dispose();
        }
        Descriptors.Clear();
        LostDescriptors = false;
    }

    /// <summary>Takes the message's only descriptor; null if it has none.</summary>
    public FileDescriptor? TakeDescriptor()
    {
        if (Descriptors.Count == 0)
        {
            return null;
        }
        FileDescriptor fd = Descriptors[0];
        Descriptors.RemoveAt(0);
        return fd;
    }

    public void Dispose()
    {
        DropDescriptors();
        Socket.Dispose();
    }

    /// <summary>A message cut into many pieces could bring descriptors with each.</summary>
    private void LimitDescriptors()
    {
        LostDescriptors |= Socket.LostDescriptors || Descriptors.Count > UnixSocket.MaxDescriptors;
        while (Descriptors.Count > UnixSocket.MaxDescriptors)
        {
            Descriptors[^1].Dispose();
            Descriptors.RemoveAt(Descriptors.Count - 1);
        }
    }

    private void CheckHeader()
    {
        if ((Header.Flags & Messages.VersionMask) != Messages.Version || Header.Size > Messages.MaxPayload)
        {
            throw new VhostUserException($"the peer does not speak vhost-user: message {Header.Request} with flags 0x{Header.Flags:x} and {Header.Size} bytes");
        }
    }
}
