using FbShare.Linux;

namespace FbShare.Rig.Driver;

/// <summary>A guest's driver without a guest: fills the two queues of a virtio-gpu and waits for the answers, over real memfds and eventfds.
/// Subclasses pass these to the device over a transport. For tests and <c>fbshare bench</c>.</summary>
internal abstract class QueueDriver : IDisposable
{
    /// <summary>Guest memory below this belongs to the rings and requests.</summary>
    public const ulong FreeMemory = 4 << 20;

    private const ulong RequestArea = 1 << 20;

    private readonly EventLoop _loop = new();
    private readonly bool _ownsRam;

    /// <param name="socket">Connected to the device; owned from here on.</param>
    protected QueueDriver(UnixSocket socket, GuestRam? ram, bool eventIdx, ushort queueSize)
    {
        Socket = socket;
        _ownsRam = ram is null;
        Ram = ram ?? new GuestRam(64 << 20);
        EventIdx = eventIdx;
        Control = new DriverQueue(Ram, 0, queueSize, eventIdx);
        Cursor = new DriverQueue(Ram, 1 << 19, queueSize, eventIdx);
        foreach (DriverQueue queue in Queues)
        {
            _loop.Add(queue.Call.Descriptor, LoopEvents.Readable, _ => queue.Call.Drain());
        }
    }

    public UnixSocket Socket { get; }

    public GuestRam Ram { get; }

    public bool EventIdx { get; }

    public DriverQueue Control { get; }

    public DriverQueue Cursor { get; }

    public ulong OfferedFeatures { get; protected set; }

    public DriverQueue[] Queues => [Control, Cursor];

    /// <summary>Initializes the device, from its features to running queues.</summary>
    public abstract void Start();

    /// <summary>Waits until the device has handled everything that was sent before.</summary>
    public abstract void Flush();

    /// <summary>Stops the control queue and nothing else.</summary>
    public abstract void StopControl();

    /// <summary>Lets the driver start from scratch, with an empty control queue.</summary>
    public abstract void StartAnew();

    /// <summary>Whether the device has reported, since the last call, that the control queue is broken.</summary>
    public abstract bool WasToldOfDefect();

    /// <summary>Sends a control request and waits for its response.</summary>
    /// <returns>The bytes the device wrote.</returns>
    public byte[] Request(ReadOnlySpan<byte> request, int responseSize = 24)
    {
        (ulong requestAddress, ulong responseAddress) = Place(request);
        ushort head = Control.Add(new DriverQueue.Piece(requestAddress, (uint)request.Length), new DriverQueue.Piece(responseAddress, (uint)responseSize, DriverQueue.Piece.Write));
        Control.Notify();
        (ushort done, uint written) = Wait(Control);
        return done == head
            ? Ram.At(responseAddress, (int)written).ToArray()
            : throw new InvalidOperationException($"head {head} was sent, but {done} came back");
    }

    /// <summary>Sends a request on the cursor queue, without room for a response, and waits until it was taken.</summary>
    public void RequestCursor(ReadOnlySpan<byte> request)
    {
        (ulong address, _) = Place(request);
        Cursor.Add(new DriverQueue.Piece(address, (uint)request.Length));
        Cursor.Notify();
        Wait(Cursor);
    }

    /// <summary>Waits for the next finished request of a queue, 10 s at most.</summary>
    public (ushort Head, uint Written) Wait(DriverQueue queue)
    {
        long deadline = EventLoop.Now + 10_000_000_000;
        ushort head;
        uint written;
        while (!queue.TryTake(out head, out written))
        {
            _loop.RunOnce((int)Math.Max((deadline - EventLoop.Now) / 1_000_000, 0));
            if (EventLoop.Now > deadline)
            {
                throw new TimeoutException("the device did not complete a request within 10 s");
            }
        }
        return (head, written);
    }

    /// <summary>Waits until the device interrupts, 10 s at most.</summary>
    public void WaitForCall()
    {
        long deadline = EventLoop.Now + 10_000_000_000;
        // A signal, or a tracer that attaches, ends the wait early.
        while (!_loop.RunOnce((int)Math.Max((deadline - EventLoop.Now) / 1_000_000, 0)))
        {
            if (EventLoop.Now > deadline)
            {
                throw new TimeoutException("the device did not interrupt within 10 s");
            }
        }
    }

    /// <summary>Waits until the device has finished with requests whose answers were taken, and discards its interrupts for them. The next
    /// interrupt is then for a later request.</summary>
    public void Settle()
    {
        // The device first puts an answer into the ring and interrupts later, but before it handles another message.
        Flush();
        foreach (DriverQueue queue in Queues)
        {
            queue.Call.Drain();
        }
    }

    public virtual void Dispose()
    {
        _loop.Dispose();
        Control.Dispose();
        Cursor.Dispose();
        Socket.Dispose();
        if (_ownsRam)
        {
            Ram.Dispose();
        }
    }

    protected byte[] ReceiveExactly(int length)
    {
        var bytes = new byte[length];
        int done = 0;
        while (done < length)
        {
            int count = Socket.Receive(bytes.AsSpan(done)) ?? 0;
            done += count > 0 ? count : throw new EndOfStreamException("the device closed the connection");
        }
        return bytes;
    }

    private (ulong Request, ulong Response) Place(ReadOnlySpan<byte> request)
    {
        request.CopyTo(Ram.At(RequestArea, request.Length));
        ulong response = RequestArea + (ulong)((request.Length + 63) & ~63);
        return (RequestArea, response);
    }
}
