namespace FbShare.Linux;

/// <summary>Whole messages off and onto a socket, each a header that says how long the rest is, however the bytes come in.</summary>
/// <remarks>Reads never go past a message's end, so the descriptors that came with a read are that message's.</remarks>
internal abstract class MessageStream : IDisposable
{
    private const int FirstBufferSize = 4096;

    private readonly int _headerSize;
    private readonly SendQueue _replies;
    private byte[] _buffer = new byte[FirstBufferSize];
    private int _payloadSize;
    private int _received;

    /// <param name="socket">Owned from here on.</param>
    /// <param name="mostUnread">Bytes of replies that may wait for the peer to read them: more than the longest one.</param>
    protected MessageStream(UnixSocket socket, int headerSize, int mostUnread)
    {
        Socket = socket;
        _headerSize = headerSize;
        _replies = new SendQueue(socket, mostUnread);
    }

    /// <summary>The socket, owned by this object.</summary>
    public UnixSocket Socket { get; }

    /// <summary>Descriptors of the message being received or handled, <see cref="UnixSocket.MaxDescriptors"/> at most; further ones are
    /// closed. What its handler does not take is closed by <see cref="DropDescriptors"/>.</summary>
    public List<FileDescriptor> Descriptors { get; } = [];

    /// <summary>Whether some of the message's descriptors did not arrive: there were too many, or none was free in this process.</summary>
    public bool LostDescriptors { get; private set; }

    /// <summary>Whether all replies are with the peer; otherwise call <see cref="FlushReplies"/> when the socket is writable.</summary>
    public bool IsFlushed => _replies.IsEmpty;

    /// <summary>Why a peer is dismissed whose replies cannot be sent.</summary>
    protected const string DoesNotRead = "it does not read its replies";

    /// <summary>The last whole message's payload.</summary>
    public ReadOnlySpan<byte> Payload => _buffer.AsSpan(_headerSize, _payloadSize);

    /// <summary>The last message's header.</summary>
    protected ReadOnlySpan<byte> HeaderBytes => _buffer.AsSpan(0, _headerSize);

    /// <summary>Takes in bytes until a message is whole or none are left.</summary>
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

    /// <summary>Sends the replies that wait as far as the socket takes them.</summary>
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

    /// <summary>How many bytes follow the header; null where it is none of this protocol's or says too many, after which nothing
    /// that comes can be understood.</summary>
    protected abstract int? PayloadSize(ReadOnlySpan<byte> header);

    /// <summary>Sends a reply, now or when the socket takes it.</summary>
    /// <returns>False if too much waits already: the peer does not read.</returns>
    /// <exception cref="LinuxException">The peer is gone.</exception>
    protected bool TryReply(ReadOnlySpan<byte> message) => _replies.TrySend(message);

    /// <summary>Sends a reply with a descriptor at once: the peer is waiting for it, so there is room in the socket.</summary>
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
}

/// <summary>What came of <see cref="MessageStream.Receive"/>.</summary>
internal enum Reception
{
    /// <summary>More bytes are needed.</summary>
    Nothing,

    /// <summary>A message is whole.</summary>
    Message,

    /// <summary>The peer is gone.</summary>
    End,

    /// <summary>What came is no message.</summary>
    Nonsense,
}
