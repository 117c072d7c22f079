using System.Buffers.Binary;
using FbShare.Linux;
using FbShare.Rig.Driver;

namespace FbShare.Fuzz;

/// <summary>vhost-user messages: a start that is mostly right, then any message with any payload and any descriptors.</summary>
internal sealed class VhostUserDoor() : MessageDoor(vfioUser: false)
{
    private const int LastRequest = 45;
    private const uint NeedReply = 8;
    private const int HeaderSize = 12;

    protected override (byte[] Bytes, FileDescriptor[] Descriptors) Next(int number, Random random)
    {
        uint request = number < Start.Length && random.Next(10) != 0 ? Start[number] : random.Next(16) == 0 ? (uint)random.Next(LastRequest + 1) : Usual[random.Next(Usual.Length)];
        byte[] payload = request switch
        {
            FrontEndRequest.SetFeatures => Number(random.Next(3) == 0 ? (ulong)random.NextInt64() : 0x1_7000_0000UL | (uint)random.Next(16)),
            FrontEndRequest.SetProtocolFeatures => Number(random.Next(3) == 0 ? (ulong)random.NextInt64() : 0x1a229UL),
            FrontEndRequest.SetMemTable => [.. Words(1u, 0u), .. Region(random)],
            FrontEndRequest.AddMemReg or FrontEndRequest.RemMemReg => [.. Number(0), .. Region(random)],
            FrontEndRequest.SetVringNum or FrontEndRequest.SetVringBase or FrontEndRequest.GetVringBase or FrontEndRequest.SetVringEnable =>
                Words(Small(random), random.Next(3) == 0 ? (uint)random.Next() : (uint)(1 << random.Next(10))),
            FrontEndRequest.SetVringAddr => [.. Words(Small(random), 0u), .. Numbers(0x7f00_0000_0000UL + (ulong)random.Next(1 << 20) * 16, 0x7f00_0010_0000UL, 0x7f00_0020_0000UL, 0UL)],
            FrontEndRequest.SetVringKick or FrontEndRequest.SetVringCall or FrontEndRequest.SetVringErr => Number(Small(random) | (random.Next(5) == 0 ? 0x100UL : 0)),
            FrontEndRequest.GetConfig or FrontEndRequest.SetConfig => [.. Words((uint)random.Next(20), (uint)random.Next(20), 0u), .. new byte[random.Next(20)]],
            FrontEndRequest.SetStatus => Number((ulong)random.Next(256)),
            _ => random.Next(2) == 0 ? [] : Noise(random, 64),
        };
        payload = Spoil(payload, random);
        uint size = random.Next(200) == 0 ? (uint)random.Next() : (uint)payload.Length;
        uint flags = random.Next(50) == 0 ? (uint)random.Next() : 1u | (random.Next(2) == 0 ? NeedReply : 0);
        bool wants = request is FrontEndRequest.SetMemTable or FrontEndRequest.AddMemReg or FrontEndRequest.SetVringKick or FrontEndRequest.SetVringCall
            or FrontEndRequest.SetVringErr or FrontEndRequest.SetBackendReqFd or FrontEndRequest.GpuSetSocket;
        return ([.. Words(request, flags, size), .. payload], Pick(wants, request is FrontEndRequest.SetMemTable or FrontEndRequest.AddMemReg, random));
    }

    protected override int CountReply(ReadOnlySpan<byte> received)
    {
        if (received.Length < HeaderSize)
        {
            return 0;
        }
        int length = HeaderSize + BinaryPrimitives.ReadInt32LittleEndian(received[8..]);
        if (received.Length < length)
        {
            return 0;
        }
        uint request = BinaryPrimitives.ReadUInt32LittleEndian(received);
        Tally.Answered++;
        // What was asked for, or an acknowledgement: 0 is success.
        bool isOk = Array.IndexOf(Questions, request) >= 0 ? length > HeaderSize : received[HeaderSize..length].IndexOfAnyExcept((byte)0) < 0;
        Tally.Ok += isOk ? 1 : 0;
        return length;
    }

    private static readonly uint[] Questions =
    [
        FrontEndRequest.GetFeatures, FrontEndRequest.GetProtocolFeatures, FrontEndRequest.GetVringBase, FrontEndRequest.GetQueueNum, FrontEndRequest.GetConfig,
        FrontEndRequest.GetMaxMemSlots, FrontEndRequest.GetStatus,
    ];

    private static readonly uint[] Start =
    [
        FrontEndRequest.GetFeatures, FrontEndRequest.GetProtocolFeatures, FrontEndRequest.SetProtocolFeatures, FrontEndRequest.SetOwner, FrontEndRequest.SetFeatures,
        FrontEndRequest.SetMemTable, FrontEndRequest.SetVringNum, FrontEndRequest.SetVringBase, FrontEndRequest.SetVringAddr, FrontEndRequest.SetVringCall,
        FrontEndRequest.SetVringKick, FrontEndRequest.SetVringEnable,
    ];

    private static readonly uint[] Usual =
    [
        .. Start, FrontEndRequest.GetQueueNum, FrontEndRequest.GetVringBase, FrontEndRequest.GetConfig, FrontEndRequest.SetConfig, FrontEndRequest.GetMaxMemSlots,
        FrontEndRequest.AddMemReg, FrontEndRequest.RemMemReg, FrontEndRequest.SetStatus, FrontEndRequest.GetStatus, FrontEndRequest.SetVringErr, FrontEndRequest.ResetDevice,
    ];

    private static uint Small(Random random) => random.Next(10) == 0 ? (uint)random.Next(300) : (uint)random.Next(2);

    private static byte[] Region(Random random) => Numbers(
        random.Next(4) == 0 ? (ulong)random.NextInt64() : (ulong)random.Next(8) * MemoryBytes,
        random.Next(6) == 0 ? (ulong)random.NextInt64() : MemoryBytes,
        0x7f00_0000_0000UL,
        random.Next(6) == 0 ? (ulong)random.NextInt64() : 0);
}
