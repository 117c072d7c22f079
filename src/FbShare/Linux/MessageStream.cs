namespace FbShare.Linux;

/// <summary>Receives and sends whole messages over a stream socket. Each message starts with a header that gives the length of the rest; its
/// bytes may arrive in any pieces.</summary>
/// <remarks>A read never goes past the end of a message, so the descriptors that came with a read belong to that message.</remarks>
internal abstract class MessageStream : IDisposable
{
    private const int FirstBufferSize = 4096;

    /// <summary>More than the messages that come often have: a guest's access to a register.</summary>
    private const int PeekSize = 64;

    private readonly int _headerSize;
    private readonly SendQueue _replies;
    private readonly ReplyPipe? _pipe;
    private byte[] _buffer = new byte[FirstBufferSize];
    private int _payloadSize;
    private int _received;
    private int _unconsumed;
    private bool _pipeIsFull;

    /// <param name="socket">Owned from here on.</param>
    /// <param name="mostUnread">How many bytes of replies may wait for the peer to read them: more than the longest reply has.</param>
    /// <param name="pipe">For a process that another one goes on for when it dies: a message stays in the socket until it was handled, and replies go
    /// through this pipe, owned from here on. Then call <see cref="Finish"/> after each message. Null otherwise.</param>
    protected MessageStream(UnixSocket socket, int headerSize, int mostUnread, ReplyPipe? pipe = null)
    {
        Socket = socket;
        _headerSize = headerSize;
        _pipe = pipe;
        if (pipe is not null)
        {
            socket.Descriptor.SetNonBlocking();
        }
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
    public bool IsFlushed => _replies.IsEmpty && !_pipeIsFull;

    /// <summary>Whether replies go through a pipe, one by one.</summary>
    public bool IsPiped => _pipe is not null;

    /// <summary>Whether a part of a message waits in the socket. It would wake a level-triggered watch again and again.</summary>
    public bool IsPartial { get; private set; }

    /// <summary>Why a peer is disconnected whose replies cannot be sent.</summary>
    protected const string DoesNotRead = "it does not read its replies";

    /// <summary>The last whole message's payload.</summary>
    public ReadOnlySpan<byte> Payload => _buffer.AsSpan(_headerSize, _payloadSize);

    /// <summary>The last message's header.</summary>
    protected ReadOnlySpan<byte> HeaderBytes => _buffer.AsSpan(0, _headerSize);

    /// <summary>Reads bytes until a message is complete or no more are there.</summary>
    /// <exception cref="LinuxException">The socket failed.</exception>
    public Reception Receive() => _pipe is null || _received > 0 ? ReceiveBytes() : Peek();

    /// <summary>The message was handled: now it may leave the socket.</summary>
    /// <exception cref="LinuxException">The socket failed.</exception>
    public void Finish()
    {
        if (_unconsumed > 0)
        {
            _pipe!.BeforeStep?.Invoke();
        }
        while (_unconsumed > 0)
        {
            // Whatever came along was received when the message was looked at.
            if (Socket.Receive(_buffer.AsSpan(0, _unconsumed), wait: false) is not (> 0 and var count))
            {
                throw new LinuxException("recvmsg", (int)Errno.EPIPE);
            }
            _unconsumed -= count;
        }
    }

    /// <summary>Takes over from a process that died: sends the reply that it left in the pipe, after taking the request from the socket if that was
    /// not done.</summary>
    /// <param name="answering">The header of the request that it answered last.</param>
    /// <exception cref="LinuxException">The socket failed.</exception>
    public void Resume(ReadOnlySpan<byte> answering)
    {
        if (_pipe!.IsEmpty)
        {
            return;
        }
        if (Peek() == Reception.Message && HeaderBytes.SequenceEqual(answering))
        {
            Finish();
        }
        _unconsumed = 0;
        DropDescriptors();
        _pipeIsFull = !_pipe.Send(Socket);
    }

    private Reception ReceiveBytes()
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
    public void FlushReplies()
    {
        _replies.Flush();
        _pipeIsFull = _pipeIsFull && !_pipe!.Send(Socket);
    }

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
        _pipe?.Dispose();
    }

    /// <summary>How many bytes follow the header; null if it is not a header of this protocol or gives too large a number. Nothing that
    /// comes after such a header can be understood.</summary>
    protected abstract int? PayloadSize(ReadOnlySpan<byte> header);

    /// <summary>Sends a reply, now or once the socket has room for it.</summary>
    /// <returns>False if too much is waiting already: the peer does not read.</returns>
    /// <exception cref="LinuxException">The peer is gone.</exception>
    protected bool TryReply(ReadOnlySpan<byte> message)
    {
        if (_pipe is null)
        {
            return _replies.TrySend(message);
        }
        if (message.Length > ReplyPipe.MaxReply)
        {
            // Only the long reads of a machine that starts, which are not worth more.
            Finish();
            return _replies.TrySend(message);
        }
        _pipe.Put(HeaderBytes, message);
        Finish();
        _pipeIsFull = !_pipe.Send(Socket);
        return true;
    }

    /// <summary>Sends a reply with a descriptor immediately: the peer is waiting for it, so the socket has room.</summary>
    /// <param name="descriptor">Stays the caller's.</param>
    /// <inheritdoc cref="TryReply(ReadOnlySpan{byte})"/>
    protected bool TryReply(ReadOnlySpan<byte> message, FileDescriptor descriptor)
    {
        // A descriptor cannot go through a pipe.
        Finish();
        return _replies.IsEmpty && Socket.Send(message, new ReadOnlySpan<FileDescriptor>(in descriptor), wait: false) == message.Length;
    }

    /// <summary>Whether a message with this header may come with descriptors. One that does not is received faster.</summary>
    protected virtual bool MayHaveDescriptors(ReadOnlySpan<byte> header) => true;

    /// <summary>Receives a message and leaves it in the socket: should this process die, the next one finds it there.</summary>
    private Reception Peek()
    {
        if (!IsFlushed)
        {
            // One message at a time: there is room for one reply in the pipe.
            return Reception.Nothing;
        }
        IsPartial = false;
        int? seen = Socket.Peek(_buffer.AsSpan(0, PeekSize));
        switch (seen)
        {
            case null:
                return Reception.Nothing;
            case 0:
                return Reception.End;
            case int some when some < _headerSize:
                return PeekParts(_headerSize);
        }
        if (!TakeHeader())
        {
            return Reception.Nonsense;
        }
        int size = _headerSize + _payloadSize;
        if (seen < size || MayHaveDescriptors(HeaderBytes))
        {
            DropDescriptors();
            seen = Socket.Peek(_buffer.AsSpan(0, size), Descriptors);
            LimitDescriptors();
            if (seen < size)
            {
                return PeekParts(size);
            }
        }
        _unconsumed = size;
        return Reception.Message;
    }

    /// <summary>Not all bytes could be looked at together. If they are there, they came in pieces, with descriptors: then they are taken from the
    /// socket, and are lost if this process dies now. No front-end sends them like that.</summary>
    private Reception PeekParts(int size)
    {
        DropDescriptors();
        IsPartial = Socket.Descriptor.GetWaitingBytes() < size;
        return IsPartial ? Reception.Nothing : ReceiveBytes();
    }

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
