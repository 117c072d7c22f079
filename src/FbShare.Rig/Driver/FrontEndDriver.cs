using System.Buffers.Binary;
using FbShare.Linux;

namespace FbShare.Rig.Driver;

/// <summary>A front-end without a guest: speaks vhost-user to a back-end as QEMU does and drives its two queues with real
/// memfds and eventfds. For tests and <c>fbshare bench</c>.</summary>
internal sealed class FrontEndDriver : IDisposable
{
    /// <summary>Guest memory below this belongs to the rings and requests.</summary>
    public const ulong FreeMemory = 4 << 20;

    private const ulong RequestArea = 1 << 20;
    private const int HeaderSize = 12;
    private const uint Version = 1;
    private const uint FlagReply = 4;
    private const uint FlagNeedReply = 8;

    private readonly EventLoop _loop = new();
    private readonly bool _ownsRam;
    private readonly UnixSocket _backendChannel;
    private readonly UnixSocket _backendChannelPeer;

    public FrontEndDriver(UnixSocket socket, GuestRam? ram = null, bool eventIdx = true, ushort queueSize = 256)
    {
        Socket = socket;
        _ownsRam = ram is null;
        Ram = ram ?? new GuestRam(64 << 20);
        EventIdx = eventIdx;
        Control = new DriverQueue(Ram, 0, queueSize, eventIdx);
        Cursor = new DriverQueue(Ram, 1 << 19, queueSize, eventIdx);
        (_backendChannel, _backendChannelPeer) = UnixSocket.CreatePair();
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

    public ulong OfferedFeatures { get; private set; }

    public DriverQueue[] Queues => [Control, Cursor];

    /// <summary>Everything from features to enabled queues.</summary>
    public void Start()
    {
        OfferedFeatures = Ask(FrontEndRequest.GetFeatures);
        ulong protocol = Ask(FrontEndRequest.GetProtocolFeatures);
        SendNumber(FrontEndRequest.SetProtocolFeatures, protocol);
        Send(FrontEndRequest.SetOwner);
        _ = Ask(FrontEndRequest.GetQueueNum);
        Send(FrontEndRequest.SetBackendReqFd, [], _backendChannelPeer.Descriptor);
        FeatureBits wanted = FeatureBits.Version1 | FeatureBits.IndirectDescriptors | FeatureBits.ProtocolFeatures | FeatureBits.Edid | FeatureBits.ResourceBlob
            | (EventIdx ? FeatureBits.EventIndex : FeatureBits.None);
        SendNumber(FrontEndRequest.SetFeatures, OfferedFeatures & (ulong)wanted);
        SetMemTable();
        StartQueue(0, Control, 0);
        StartQueue(1, Cursor, 0);
        Flush();
    }

    /// <summary>Sends VHOST_USER_SET_MEM_TABLE with all of <see cref="Ram"/>.</summary>
    public void SetMemTable()
    {
        var payload = new byte[8 + (32 * Ram.Regions.Length)];
        BinaryPrimitives.WriteInt32LittleEndian(payload, Ram.Regions.Length);
        var descriptors = new FileDescriptor[Ram.Regions.Length];
        for (int i = 0; i < Ram.Regions.Length; i++)
        {
            WriteRegion(payload.AsSpan(8 + (32 * i)), Ram.Regions[i]);
            descriptors[i] = Ram.Descriptor;
        }
        Send(FrontEndRequest.SetMemTable, payload, descriptors);
    }

    /// <param name="enable">Send VHOST_USER_SET_VRING_ENABLE, too.</param>
    public void StartQueue(uint index, DriverQueue queue, uint lastAvail, bool enable = true)
    {
        ulong user = Ram.Regions[0].UserAddress - Ram.Regions[0].GuestAddress;
        SendState(FrontEndRequest.SetVringNum, index, queue.Size);
        SendState(FrontEndRequest.SetVringBase, index, lastAvail);
        var address = new byte[40];
        BinaryPrimitives.WriteUInt32LittleEndian(address, index);
        BinaryPrimitives.WriteUInt64LittleEndian(address.AsSpan(8), user + queue.Descriptors);
        BinaryPrimitives.WriteUInt64LittleEndian(address.AsSpan(16), user + queue.Used);
        BinaryPrimitives.WriteUInt64LittleEndian(address.AsSpan(24), user + queue.Available);
        Send(FrontEndRequest.SetVringAddr, address);
        Send(FrontEndRequest.SetVringErr, BitConverter.GetBytes((ulong)index), queue.Error.Descriptor);
        Send(FrontEndRequest.SetVringCall, BitConverter.GetBytes((ulong)index), queue.Call.Descriptor);
        Send(FrontEndRequest.SetVringKick, BitConverter.GetBytes((ulong)index), queue.Kick.Descriptor);
        if (enable)
        {
            SendState(FrontEndRequest.SetVringEnable, index, 1);
        }
    }

    /// <summary>Stops a queue as QEMU does and returns where it stopped.</summary>
    public uint StopQueue(uint index)
    {
        SendState(FrontEndRequest.SetVringEnable, index, 0);
        var state = new byte[8];
        BinaryPrimitives.WriteUInt32LittleEndian(state, index);
        Send(FrontEndRequest.GetVringBase, state);
        return BinaryPrimitives.ReadUInt32LittleEndian(ReceiveReply(FrontEndRequest.GetVringBase).AsSpan(4));
    }

    /// <summary>Waits until everything sent before was handled.</summary>
    public void Flush() => Ask(FrontEndRequest.GetFeatures);

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
            : throw new InvalidOperationException($"head {head} was sent, {done} came back");
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
                throw new TimeoutException("the device did not complete a request in 10 s");
            }
        }
        return (head, written);
    }

    /// <summary>Waits until the device calls, 10 s at most.</summary>
    public void WaitForCall()
    {
        long deadline = EventLoop.Now + 10_000_000_000;
        // A signal, or a tracer that attaches, ends the wait early.
        while (!_loop.RunOnce((int)Math.Max((deadline - EventLoop.Now) / 1_000_000, 0)))
        {
            if (EventLoop.Now > deadline)
            {
                throw new TimeoutException("the device did not call in 10 s");
            }
        }
    }

    /// <summary>Waits until the device has nothing left to do for requests that were taken back, and forgets its calls for them: the
    /// next call is for what is sent from here on.</summary>
    public void Settle()
    {
        // The device puts an answer into the ring first and calls for it later, but before it handles another message.
        Flush();
        foreach (DriverQueue queue in Queues)
        {
            queue.Call.Drain();
        }
    }

    /// <summary>Waits for the back-end's next message on its own channel.</summary>
    public uint WaitForBackendMessage()
    {
        var message = new byte[HeaderSize];
        _ = _backendChannel.Receive(message);
        return BinaryPrimitives.ReadUInt32LittleEndian(message);
    }

    public void SendState(uint request, uint index, uint value)
    {
        var payload = new byte[8];
        BinaryPrimitives.WriteUInt32LittleEndian(payload, index);
        BinaryPrimitives.WriteUInt32LittleEndian(payload.AsSpan(4), value);
        Send(request, payload);
    }

    public void SendNumber(uint request, ulong value) => Send(request, BitConverter.GetBytes(value));

    /// <summary>Sends a message that has a number as its reply.</summary>
    public ulong Ask(uint request, params byte[] payload)
    {
        Send(request, payload);
        return BinaryPrimitives.ReadUInt64LittleEndian(ReceiveReply(request));
    }

    /// <summary>Sends a message with the need-reply flag and returns its acknowledgement: 0 for success.</summary>
    public ulong SendAndAcknowledge(uint request, byte[] payload, params FileDescriptor[] descriptors)
    {
        Send(request, payload, descriptors, Version | FlagNeedReply);
        return BinaryPrimitives.ReadUInt64LittleEndian(ReceiveReply(request));
    }

    public void Send(uint request, byte[]? payload = null, params FileDescriptor[] descriptors) => Send(request, payload ?? [], descriptors, Version);

    public byte[] ReceiveReply(uint request)
    {
        byte[] header = ReceiveExactly(HeaderSize);
        uint got = BinaryPrimitives.ReadUInt32LittleEndian(header);
        uint flags = BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(4));
        return got == request && flags == (Version | FlagReply)
            ? ReceiveExactly(BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(8)))
            : throw new InvalidOperationException($"asked {request}, answered {got} with flags {flags}");
    }

    public static void WriteRegion(Span<byte> destination, GuestRam.Region region)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(destination, region.GuestAddress);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[8..], (ulong)region.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[16..], region.UserAddress);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[24..], (ulong)region.FileOffset);
    }

    public void Dispose()
    {
        _loop.Dispose();
        Control.Dispose();
        Cursor.Dispose();
        _backendChannel.Dispose();
        _backendChannelPeer.Dispose();
        Socket.Dispose();
        if (_ownsRam)
        {
            Ram.Dispose();
        }
    }

    private (ulong Request, ulong Response) Place(ReadOnlySpan<byte> request)
    {
        request.CopyTo(Ram.At(RequestArea, request.Length));
        ulong response = RequestArea + (ulong)((request.Length + 63) & ~63);
        return (RequestArea, response);
    }

    private void Send(uint request, byte[] payload, FileDescriptor[] descriptors, uint flags)
    {
        var message = new byte[HeaderSize + payload.Length];
        BinaryPrimitives.WriteUInt32LittleEndian(message, request);
        BinaryPrimitives.WriteUInt32LittleEndian(message.AsSpan(4), flags);
        BinaryPrimitives.WriteInt32LittleEndian(message.AsSpan(8), payload.Length);
        payload.CopyTo(message, HeaderSize);
        Socket.SendAll(message, descriptors);
    }

    private byte[] ReceiveExactly(int length)
    {
        var bytes = new byte[length];
        int done = 0;
        while (done < length)
        {
            int count = Socket.Receive(bytes.AsSpan(done)) ?? 0;
            done += count > 0 ? count : throw new EndOfStreamException("the back-end closed the connection");
        }
        return bytes;
    }
}
