using System.Buffers.Binary;
using FbShare.Linux;

namespace FbShare.Rig.Driver;

/// <summary>A front-end without a guest: talks vhost-user to a back-end as QEMU does.</summary>
internal sealed class FrontEndDriver : QueueDriver
{
    private const int HeaderSize = 12;
    private const uint Version = 1;
    private const uint FlagReply = 4;
    private const uint FlagNeedReply = 8;

    private readonly UnixSocket _backendChannel;
    private readonly UnixSocket _backendChannelPeer;

    public FrontEndDriver(UnixSocket socket, GuestRam? ram = null, bool eventIdx = true, ushort queueSize = 256)
        : base(socket, ram, eventIdx, queueSize) => (_backendChannel, _backendChannelPeer) = UnixSocket.CreatePair();

    /// <summary>Initializes the device, from its features to running queues.</summary>
    public override void Start()
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

    /// <param name="enable">Whether to send VHOST_USER_SET_VRING_ENABLE as well.</param>
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

    /// <summary>Waits until the device has handled everything that was sent before.</summary>
    public override void Flush() => Ask(FrontEndRequest.GetFeatures);

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
            : throw new InvalidOperationException($"the request {request} was answered with {got} and flags {flags}");
    }

    public static void WriteRegion(Span<byte> destination, GuestRam.Region region)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(destination, region.GuestAddress);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[8..], (ulong)region.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[16..], region.UserAddress);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[24..], (ulong)region.FileOffset);
    }

    public override void StopControl() => StopQueue(0);

    public override void StartAnew()
    {
        StopQueue(0);
        Control.Reset();
        StartQueue(0, Control, 0);
    }

    public override bool WasToldOfDefect() => Control.Error.Drain() == 1;

    public override void Dispose()
    {
        base.Dispose();
        _backendChannel.Dispose();
        _backendChannelPeer.Dispose();
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
}
