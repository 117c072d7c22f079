using System.Runtime.InteropServices;
using FbShare.Linux;

namespace FbShare.VhostUser;

/// <summary>Whole vhost-user messages off and onto a socket, however the bytes come in.</summary>
internal sealed class MessageChannel(UnixSocket socket) : IDisposable
{
    private static readonly int HeaderSize = Marshal.SizeOf<Messages.Header>();

    private readonly byte[] _buffer = new byte[Marshal.SizeOf<Messages.Header>() + Messages.MaxPayload];
    private int _received;

    /// <summary>The socket, owned by this object.</summary>
    public UnixSocket Socket { get; } = socket;

    /// <summary>Descriptors of the message being received or handled. What its handler does not take is closed after it.</summary>
    public List<FileDescriptor> Descriptors { get; } = [];

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

    /// <summary>Answers the message being handled.</summary>
    public void Reply<T>(in T payload)
        where T : unmanaged => Reply(MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in payload)));

    /// <inheritdoc cref="Reply{T}"/>
    public void Reply(ReadOnlySpan<byte> payload)
    {
        Span<byte> message = stackalloc byte[HeaderSize + payload.Length];
        var header = new Messages.Header { Request = Header.Request, Flags = Messages.Version | Messages.FlagReply, Size = (uint)payload.Length };
        MemoryMarshal.Write(message, in header);
        payload.CopyTo(message[HeaderSize..]);
        Socket.SendAll(message);
    }

    /// <summary>Closes the message's descriptors that nobody took.</summary>
    public void DropDescriptors()
    {
        foreach (FileDescriptor fd in Descriptors)
        {
            fd.Dispose();
        }
        Descriptors.Clear();
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

    private void CheckHeader()
    {
        if ((Header.Flags & Messages.VersionMask) != Messages.Version || Header.Size > Messages.MaxPayload)
        {
            throw new VhostUserException($"the peer does not speak vhost-user: message {Header.Request} with flags 0x{Header.Flags:x} and {Header.Size} bytes");
        }
    }
}
