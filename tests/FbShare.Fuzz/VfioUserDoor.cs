using System.Buffers.Binary;
using FbShare.Linux;
using FbShare.Rig.Driver;

namespace FbShare.Fuzz;

/// <summary>vfio-user messages: a version that is mostly right, then any message with any payload and any descriptors.</summary>
internal sealed class VfioUserDoor() : MessageDoor(vfioUser: true)
{
    private const int LastCommand = 17;
    private const uint NoReply = 0x10;
    private const uint ErrorFlag = 0x20;
    private const uint EventFdData = 4;
    private const int HeaderSize = 16;

    private static readonly VfioUserDriver.Command[] Start =
    [
        VfioUserDriver.Command.Version, VfioUserDriver.Command.GetInfo, VfioUserDriver.Command.GetRegionInfo, VfioUserDriver.Command.DmaMap, VfioUserDriver.Command.SetIrqs,
    ];

    private static readonly VfioUserDriver.Command[] Usual =
    [
        VfioUserDriver.Command.RegionRead, VfioUserDriver.Command.RegionWrite, VfioUserDriver.Command.RegionRead, VfioUserDriver.Command.RegionWrite,
        VfioUserDriver.Command.RegionWriteMulti, VfioUserDriver.Command.GetRegionInfo, VfioUserDriver.Command.GetInfo, VfioUserDriver.Command.GetIrqInfo,
        VfioUserDriver.Command.DmaMap, VfioUserDriver.Command.DmaUnmap, VfioUserDriver.Command.SetIrqs, VfioUserDriver.Command.Reset,
    ];

    /// <summary>What this session has mapped and not unmapped, if all of it was taken.</summary>
    private readonly List<ulong> _mapped = [];
    private ushort _id;

    protected override (byte[] Bytes, FileDescriptor[] Descriptors) Next(int number, Random random)
    {
        if (number == 0)
        {
            _mapped.Clear();
        }
        VfioUserDriver.Command command = number < Start.Length && random.Next(20) != 0 ? Start[number] : random.Next(8) == 0 ? (VfioUserDriver.Command)random.Next(LastCommand) : Usual[random.Next(Usual.Length)];
        byte[] payload = command switch
        {
            VfioUserDriver.Command.Version => [0, 0, 0, 0, .. random.Next(6) == 0 ? Noise(random, 64) : [.. "{\"capabilities\":{\"max_msg_fds\":8}}\0"u8]],
            VfioUserDriver.Command.DmaMap => [.. Words(32u, random.Next(8) == 0 ? (uint)random.Next(8) : 3u), .. random.Next(6) == 0 ? Region(random) : NextRegion()],
            VfioUserDriver.Command.DmaUnmap => [.. Words(24u, random.Next(8) == 0 ? (uint)random.Next(4) : 0u), .. random.Next(6) == 0 || _mapped.Count == 0 ? Region(random)[8..] : LastRegion()],
            VfioUserDriver.Command.GetInfo => Words(16u, 0u, 0u, 0u),
            VfioUserDriver.Command.GetRegionInfo => [.. Words(random.Next(8) == 0 ? (uint)random.Next(100) : 32u, 0u, (uint)random.Next(10), 0u), .. Numbers(0, 0)],
            VfioUserDriver.Command.GetIrqInfo => Words(random.Next(8) == 0 ? (uint)random.Next(40) : 16u, 0u, (uint)random.Next(6), 0u),
            VfioUserDriver.Command.SetIrqs => Interrupts(random),
            VfioUserDriver.Command.RegionRead => Access(random, random.Next(8) == 0 ? (uint)random.Next(300) : 1u << random.Next(4)),
            VfioUserDriver.Command.RegionWrite => Write(random),
            VfioUserDriver.Command.RegionWriteMulti => Multi(random),
            _ => random.Next(2) == 0 ? [] : Noise(random, 64),
        };
        payload = Spoil(payload, random);
        uint size = random.Next(200) == 0 ? (uint)random.Next() : 16u + (uint)payload.Length;
        uint flags = random.Next(50) == 0 ? (uint)random.Next() : random.Next(4) == 0 ? NoReply : 0;
        byte[] header = [.. BitConverter.GetBytes(++_id), .. BitConverter.GetBytes((ushort)command), .. Words(size, flags, 0u)];
        bool wantsEventFd = command == VfioUserDriver.Command.SetIrqs && payload.Length > 4 && (payload[4] & EventFdData) != 0;
        return ([.. header, .. payload], Pick(command == VfioUserDriver.Command.DmaMap || wantsEventFd, command == VfioUserDriver.Command.DmaMap, random));
    }

    protected override int CountReply(ReadOnlySpan<byte> received)
    {
        if (received.Length < HeaderSize || BinaryPrimitives.ReadInt32LittleEndian(received[4..]) is var length && received.Length < length)
        {
            return 0;
        }
        Tally.Answered++;
        Tally.Ok += (BinaryPrimitives.ReadUInt32LittleEndian(received[8..]) & ErrorFlag) == 0 ? 1 : 0;
        return length;
    }

    /// <summary>Memory that follows what is mapped.</summary>
    private byte[] NextRegion()
    {
        ulong address = _mapped.Count == 0 ? 0 : _mapped.Max() + MemoryBytes;
        _mapped.Add(address);
        return Numbers(0, address, MemoryBytes);
    }

    /// <summary>What was mapped last, which is not mapped any more then. (What lies in front keeps its place, so that rings go on.)</summary>
    private byte[] LastRegion()
    {
        ulong address = _mapped[^1];
        _mapped.RemoveAt(_mapped.Count - 1);
        return Numbers(address, MemoryBytes);
    }

    /// <summary>What VFIO_DEVICE_SET_IRQS takes, mostly: data and action by kind (linux/vfio.h).</summary>
    private static byte[] Interrupts(Random random)
    {
        const uint line = 0, messages = 2, none = 1, mask = 8, unmask = 16, trigger = 32;
        (uint flags, uint kind, uint start, uint count) = random.Next(8) switch
        {
            0 => ((uint)(1 << random.Next(3)) | (uint)(8 << random.Next(3)), (uint)random.Next(6), (uint)random.Next(4), (uint)random.Next(5)),
            1 => (none | (random.Next(2) == 0 ? mask : unmask), line, 0u, 1u),
            2 => (none | trigger, random.Next(2) == 0 ? line : messages, 0u, (uint)random.Next(2)),
            3 => (EventFdData | unmask, line, 0u, 1u),
            4 => (EventFdData | trigger, line, 0u, 1u),
            _ => (EventFdData | trigger, messages, (uint)random.Next(2), 1u),
        };
        return Words(20u, flags, kind, start, count);
    }

    private static byte[] Region(Random random) => Numbers(
        random.Next(6) == 0 ? (ulong)random.NextInt64() : 0,
        random.Next(4) == 0 ? (ulong)random.NextInt64() : (ulong)random.Next(8) * MemoryBytes,
        random.Next(6) == 0 ? (ulong)random.NextInt64() : MemoryBytes);

    /// <summary>The regions that there are, those with registers more often.</summary>
    private static readonly uint[] Regions = [7, 7, 0, 2, 4, 4, 4];

    private const uint Config = 7, BochsRegisters = 2;

    private static byte[] Access(Random random, uint count)
    {
        uint region = random.Next(16) == 0 ? (uint)random.Next(12) : Regions[random.Next(Regions.Length)];
        int most = region == Config ? 248 : region == BochsRegisters ? 0xff8 : random.Next(16) == 0 ? 1 << 25 : 0x3ff8;
        ulong offset = random.Next(32) == 0 ? (ulong)random.NextInt64() : (ulong)random.Next(most) & ~3UL;
        return [.. Numbers(offset), .. Words(region, count)];
    }

    private static byte[] Write(Random random)
    {
        byte[] data = random.Next(8) == 0 ? Noise(random, random.Next(10) == 0 ? 4096 : 9) : new byte[1 << random.Next(3)];
        random.NextBytes(data.AsSpan(0, Math.Min(data.Length, 2)));
        return [.. Access(random, random.Next(20) == 0 ? (uint)random.Next() : (uint)data.Length), .. data];
    }

    private static byte[] Multi(Random random)
    {
        uint count = (uint)random.Next(5);
        byte[] all = Numbers(random.Next(10) == 0 ? (ulong)random.NextInt64() : count);
        for (; count > 0; count--)
        {
            all = [.. all, .. Access(random, random.Next(16) == 0 ? (uint)random.Next(10) : 1u << random.Next(4)), .. Numbers((ulong)random.NextInt64())];
        }
        return all;
    }
}
