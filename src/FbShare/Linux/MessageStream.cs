namespace FbShare.Linux;

/// <summary>Receives and sends whole messages over a stream socket. Each message starts with a header that gives the length of the rest; its
/// bytes may arrive in any pieces.</summary>
/// <remarks>A read never goes past the end of a message, so the descriptors that came with a read belong to that message.</remarks>
internal abstract class MessageStream : IDisposable
{
    private const int FirstBufferSize = 4096;

    private readonly int _headerSize;
    private readonly SendQueue _replies;
    private byte[] _buffer = new byte[FirstBufferSize];
    private int _payloadSize;
    private int _received;

    /// <param name="socket">Owned from here on.</param>
    /// <param name="mostUnread">How many bytes of replies may wait for the peer to read them: more than the longest reply has.</param>
    protected MessageStream(UnixSocket socket, int headerSize, int mostUnread)
    {
        Socket = socket;
        _headerSize = headerSize;
        _replies = new SendQueue(socket, mostUnread);
    }

    /// <summary>The socket, owned by this object.</summary>
    public UnixSocket Socket { get; }

    /// <summary>Descriptors of the message being received or handled, <see cref="UnixSocket.MaxDescriptors"/> at most; further ones are
    /// closed. <see cref="DropDescriptors"/> closes those that the message's handler did not take.</summary>
    public List<FileDescriptor> Descriptors { get; } = [];

    /// <summary>Whether some of the message's descriptors did not arrive: there were too many, or none was free in this process.</summary>
    public bool LostDescriptors { get; private set; }

    /// <summary>After <see cref="Reception.Nonsense"/>: what the peer sent instead of a message.</summary>
    public abstract string WhyNonsense { get; }

    /// <summary>Whether all replies were sent; otherwise call <see cref="FlushReplies"/> when the socket is writable.</summary>
    public bool IsFlushed => _replies.IsEmpty;

    /// <summary>Why a peer is disconnected whose replies cannot be sent.</summary>
    protected const string DoesNotRead = "it does not read its replies";

    /// <summary>The last whole message's payload.</summary>
    public ReadOnlySpan<byte> Payload => _buffer.AsSpan(_headerSize, _payloadSize);

    /// <summary>The last message's header.</summary>
    protected ReadOnlySpan<byte> HeaderBytes => _buffer.AsSpan(0, _headerSize);

    /// <summary>Reads bytes until a message is complete or no more are there.</summary>
    /// <exception cref="LinuxException">The socket failed.</exception>
    public Reception Receive()
    {
        while (true)
        {
            int wanted = _received < _headerSize ? _headerSize : _headerSize + _payloadSize;
            if (_received == wanted)
            {
                _received = 0;
                return Reception.Message;
            }
            int? count = Socket.Receive(_buffer.AsSpan(_received, wanted - _received), Descriptors, wait: false);
            if (count is null)
            {
                return Reception.Nothing;
            }
            LimitDescriptors();
            if (count == 0)
            {
                return Reception.End;
            }
            _received += count.Value;
            if (_received == _headerSize && !TakeHeader())
            {
                return Reception.Nonsense;
            }
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

    /// <summary>Sends as much of the waiting replies as the socket takes.</summary>
    /// <exception cref="LinuxException">The peer is gone.</exception>
    public void FlushReplies() => _replies.Flush();

    /// <summary>Takes the message's next descriptor; null if it has none left.</summary>
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

    /// <summary>How many bytes follow the header; null if it is not a header of this protocol or gives too large a number. Nothing that
    /// comes after such a header can be understood.</summary>
    protected abstract int? PayloadSize(ReadOnlySpan<byte> header);

    /// <summary>Sends a reply, now or once the socket has room for it.</summary>
    /// <returns>False if too much is waiting already: the peer does not read.</returns>
    /// <exception cref="LinuxException">The peer is gone.</exception>
    protected bool TryReply(ReadOnlySpan<byte> message) => _replies.TrySend(message);

    /// <summary>Sends a reply with a descriptor immediately: the peer is waiting for it, so the socket has room.</summary>
    /// <param name="descriptor">Stays the caller's.</param>
    /// <inheritdoc cref="TryReply(ReadOnlySpan{byte})"/>
    protected bool TryReply(ReadOnlySpan<byte> message, FileDescriptor descriptor) =>
        _replies.IsEmpty && Socket.Send(message, new ReadOnlySpan<FileDescriptor>(in descriptor), wait: false) == message.Length;

    private bool TakeHeader()
    {
        if (PayloadSize(HeaderBytes) is not { } size)
        {
            return false;
        }
        _payloadSize = size;
        if (_headerSize + size > _buffer.Length)
        {
            Array.Resize(ref _buffer, _headerSize + size);
        }
        return true;
    }

    /// <summary>Keeps to the limit also when a message comes in many pieces, each with descriptors.</summary>
    private void LimitDescriptors()
    {
        LostDescriptors |= Socket.LostDescriptors || Descriptors.Count > UnixSocket.MaxDescriptors;
        while (Descriptors.Count > UnixSocket.MaxDescriptors)
        {
            Descriptors[^1].Dispose();
            Descriptors.RemoveAt(Descriptors.Count - 1);
        }
    }
}

/// <summary>The result of <see cref="MessageStream.Receive"/>.</summary>
internal enum Reception
{
    /// <summary>More bytes are needed.</summary>
    Nothing,

    /// <summary>A message is complete.</summary>
    Message,

    /// <summary>The peer is gone.</summary>
    End,

    /// <summary>What came is not a message of this protocol.</summary>
    Nonsense,
}
