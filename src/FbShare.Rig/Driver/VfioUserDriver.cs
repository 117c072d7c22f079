using System.Buffers.Binary;
using FbShare.Linux;

namespace FbShare.Rig.Driver;

/// <summary>A machine without a guest: talks vfio-user to a device as QEMU's vfio-user-pci does, and uses the PCI function as a virtio driver
/// does. Written from the specifications, sharing no code with the device.</summary>
internal sealed class VfioUserDriver : QueueDriver
{
    public const uint ConfigRegion = 7;

    /// <summary>device_status bits (virtio 1.3, section 2.1).</summary>
    public const byte Acknowledge = 1, Driver = 2, DriverOk = 4, FeaturesOk = 8, NeedsReset = 64;

    private const int HeaderSize = 16;
    private const ushort NoVector = 0xffff;

    private readonly Dictionary<byte, (uint Bar, uint Offset, uint Length, int At)> _structures = [];
    private uint _notifyMultiplier;
    private int _msix;
    private ushort _messageId;

    public VfioUserDriver(UnixSocket socket, GuestRam? ram = null, bool eventIdx = true, ushort queueSize = 256)
        : base(socket, ram, eventIdx, queueSize)
    {
        Control.Kicker = () => Notify(0);
        Cursor.Kicker = () => Notify(1);
    }

    /// <summary>Commands (QEMU docs/interop/vfio-user.rst).</summary>
    public enum Command : ushort
    {
        Version = 1,
        DmaMap = 2,
        DmaUnmap = 3,
        GetInfo = 4,
        GetRegionInfo = 5,
        GetIrqInfo = 7,
        SetIrqs = 8,
        RegionRead = 9,
        RegionWrite = 10,
        DmaRead = 11,
        Reset = 13,
        RegionWriteMulti = 15,
    }

    /// <summary>The eventfd of the configuration vector.</summary>
    public EventFd ConfigCall { get; } = new();

    /// <summary>Where the capability that names each structure is, by cfg_type: the BAR, and where in it.</summary>
    public IReadOnlyDictionary<byte, (uint Bar, uint Offset, uint Length, int At)> Structures => _structures;

    /// <summary>Where the MSI-X capability is in configuration space.</summary>
    public int MsixCapability => _msix;

    public byte Status
    {
        get => ReadCommon(0x14, 1)[0];
        set => WriteCommon(0x14, [value]);
    }

    public override void Start()
    {
        AgreeOnVersion();
        MapMemory();
        FindCapabilities();
        EnableVectors();
        StartDriver();
    }

    public void AgreeOnVersion() => Require(Send(Command.Version, [0, 0, 0, 0, .. "{\"capabilities\":{}}\0"u8]));

    /// <summary>Maps all of <see cref="QueueDriver.Ram"/>.</summary>
    public void MapMemory()
    {
        foreach (GuestRam.Region region in Ram.Regions)
        {
            Require(Map(region.GuestAddress, (ulong)region.Length, (ulong)region.FileOffset, Ram.Descriptor));
        }
    }

    /// <summary>Gives the three vectors their eventfds and enables MSI-X.</summary>
    public void EnableVectors()
    {
        WriteConfig(_msix + 2, [0, 0x80]);
        Require(SetIrqs(0x24, 2, 0, 3, ConfigCall.Descriptor, Control.Call.Descriptor, Cursor.Call.Descriptor));
    }

    /// <summary>Initializes the device as a virtio driver does, from reset to DRIVER_OK (section 3.1.1).</summary>
    public void StartDriver(bool vectors = true)
    {
        Status = 0;
        Status = Acknowledge;
        Status = Acknowledge | Driver;
        OfferedFeatures = ReadOffered();
        FeatureBits wanted = FeatureBits.Version1 | FeatureBits.IndirectDescriptors | FeatureBits.RingReset | FeatureBits.Edid | FeatureBits.ResourceBlob
            | (EventIdx ? FeatureBits.EventIndex : FeatureBits.None);
        Acknowledged(OfferedFeatures & (ulong)wanted);
        Status = Acknowledge | Driver | FeaturesOk;
        if ((Status & FeaturesOk) == 0)
        {
            throw new InvalidOperationException("the device refused its own features");
        }
        WriteCommon(0x10, vectors ? [0, 0] : [0xff, 0xff]);
        SetUpQueue(0, vectors ? (ushort)1 : NoVector);
        SetUpQueue(1, vectors ? (ushort)2 : NoVector);
        Status = Acknowledge | Driver | FeaturesOk | DriverOk;
    }

    /// <summary>Sets the addresses of a queue's rings and enables it.</summary>
    public void SetUpQueue(ushort index, ushort vector)
    {
        DriverQueue queue = Queues[index];
        WriteCommon(0x16, BitConverter.GetBytes(index));
        WriteCommon(0x18, BitConverter.GetBytes(queue.Size));
        WriteCommon(0x1a, BitConverter.GetBytes(vector));
        WriteAddress(0x20, queue.Descriptors);
        WriteAddress(0x28, queue.Available);
        WriteAddress(0x30, queue.Used);
        WriteCommon(0x1c, [1, 0]);
    }

    public ulong ReadOffered()
    {
        ulong features = 0;
        for (uint half = 0; half < 2; half++)
        {
            WriteCommon(0x00, BitConverter.GetBytes(half));
            features |= (ulong)BinaryPrimitives.ReadUInt32LittleEndian(ReadCommon(0x04, 4)) << (int)(32 * half);
        }
        return features;
    }

    public void Acknowledged(ulong features)
    {
        for (uint half = 0; half < 2; half++)
        {
            WriteCommon(0x08, BitConverter.GetBytes(half));
            WriteCommon(0x0c, BitConverter.GetBytes((uint)(features >> (int)(32 * half))));
        }
    }

    public override void Flush() => _ = Status;

    public override void StopControl()
    {
        WriteCommon(0x16, [0, 0]);
        WriteCommon(0x3a, [1, 0]);
    }

    public override void StartAnew()
    {
        Control.Reset();
        Cursor.Reset();
        StartDriver();
    }

    public override bool WasToldOfDefect() => (Status & NeedsReset) != 0 && ConfigCall.Drain() == 1;

    public byte[] ReadCommon(uint offset, int count) => ReadStructure(1, offset, count);

    public void WriteCommon(uint offset, byte[] data) => WriteStructure(1, offset, data);

    /// <summary>Reads from one of <see cref="Structures"/>.</summary>
    public byte[] ReadStructure(byte type, uint offset, int count) => Read(_structures[type].Bar, _structures[type].Offset + offset, count);

    public void WriteStructure(byte type, uint offset, byte[] data) => Write(_structures[type].Bar, _structures[type].Offset + offset, data);

    public byte[] ReadConfig(int offset, int count) => Read(ConfigRegion, (ulong)offset, count);

    public void WriteConfig(int offset, byte[] data) => Write(ConfigRegion, (ulong)offset, data);

    public byte[] Read(uint region, ulong offset, int count)
    {
        Reply reply = Send(Command.RegionRead, Access(region, offset, (uint)count));
        Require(reply);
        return reply.Payload[HeaderSize..];
    }

    public void Write(uint region, ulong offset, byte[] data) => Require(Send(Command.RegionWrite, [.. Access(region, offset, (uint)data.Length), .. data]));

    public Reply Map(ulong address, ulong size, ulong offset, FileDescriptor? file, uint flags = 3) =>
        Send(Command.DmaMap, Bytes(32u, flags, offset, address, size), file is null ? [] : [file]);

    public Reply Unmap(ulong address, ulong size, uint flags = 0) => Send(Command.DmaUnmap, Bytes(24u, flags, address, size));

    public Reply SetIrqs(uint flags, uint index, uint start, uint count, params FileDescriptor[] eventFds) => Send(Command.SetIrqs, Bytes(20u, flags, index, start, count), eventFds);

    public static byte[] Access(uint region, ulong offset, uint count) => Bytes(offset, region, count);

    /// <summary>Numbers of 32 and 64 bits, one after the other.</summary>
    public static byte[] Bytes(params object[] numbers) =>
        [.. numbers.SelectMany(n => n is ulong wide ? BitConverter.GetBytes(wide) : BitConverter.GetBytes((uint)n))];

    /// <summary>Sends a message and waits for its reply.</summary>
    public Reply Send(Command command, byte[] payload, params FileDescriptor[] descriptors)
    {
        Post(command, payload, 0, descriptors);
        return ReceiveReply(command);
    }

    /// <summary>Sends a message and does not wait.</summary>
    /// <param name="flags">16: no reply is wanted.</param>
    public void Post(Command command, byte[] payload, uint flags, params FileDescriptor[] descriptors)
    {
        byte[] header = [.. BitConverter.GetBytes(++_messageId), .. BitConverter.GetBytes((ushort)command), .. Bytes((uint)(HeaderSize + payload.Length), flags, 0u)];
        Socket.SendAll([.. header, .. payload], descriptors);
    }

    public Reply ReceiveReply(Command command)
    {
        var descriptors = new List<FileDescriptor>();
        var header = new byte[HeaderSize];
        int got = Socket.Receive(header, descriptors) ?? 0;
        if (got < HeaderSize)
        {
            ReceiveExactly(HeaderSize - got).CopyTo(header, got);
        }
        uint size = BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(4));
        uint flags = BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(8));
        uint error = BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(12));
        if (BinaryPrimitives.ReadUInt16LittleEndian(header) != _messageId || BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(2)) != (ushort)command
            || flags != (error == 0 ? 1u : 0x21u))
        {
            throw new InvalidOperationException($"{command} was answered with {Convert.ToHexString(header)}");
        }
        return new Reply((Errno)error, ReceiveExactly((int)size - HeaderSize), descriptors.FirstOrDefault());
    }

    /// <summary>Walks the capability list (PCI 3.0, 6.7; virtio 1.3, 4.1.4).</summary>
    public void FindCapabilities()
    {
        for (int at = ReadConfig(0x34, 1)[0]; at != 0; at = ReadConfig(at + 1, 1)[0])
        {
            byte[] capability = ReadConfig(at, 20);
            if (capability[0] == 0x11)
            {
                _msix = at;
            }
            else if (capability[0] == 9)
            {
                byte type = capability[3];
                _structures[type] = (capability[4], BinaryPrimitives.ReadUInt32LittleEndian(capability.AsSpan(8)), BinaryPrimitives.ReadUInt32LittleEndian(capability.AsSpan(12)), at);
                if (type == 2)
                {
                    _notifyMultiplier = BinaryPrimitives.ReadUInt32LittleEndian(capability.AsSpan(16));
                }
            }
        }
    }

    public override void Dispose()
    {
        base.Dispose();
        ConfigCall.Dispose();
    }

    private static void Require(Reply reply)
    {
        if (reply.Error != Errno.None)
        {
            throw new InvalidOperationException($"the device answered {reply.Error}");
        }
    }

    private void WriteAddress(uint register, ulong address)
    {
        WriteCommon(register, BitConverter.GetBytes((uint)address));
        WriteCommon(register + 4, BitConverter.GetBytes((uint)(address >> 32)));
    }

    private void Notify(ushort queue)
    {
        // The queue_notify_off of these queues is their number, which another test checks.
        WriteStructure(2, queue * _notifyMultiplier, BitConverter.GetBytes(queue));
    }

    /// <summary>The answer to a message.</summary>
    internal sealed record Reply(Errno Error, byte[] Payload, FileDescriptor? Descriptor);
}
