using FbShare.Rig.Driver;
using FbShare.VirtioGpu;
using static FbShare.Rig.Driver.Commands;

namespace FbShare.Tests.Device;

public class RingTests : OverTransport
{
    private const ulong Area = 2 << 20;

    [Theory]
    [InlineData(true, 256)]
    [InlineData(false, 256)]
    [InlineData(true, 2)]
    [InlineData(false, 16)]
    public void Ten_thousand_requests_go_round_the_ring(bool eventIdx, ushort size)
    {
        using var device = NewDevice(eventIdx: eventIdx, queueSize: size);
        byte[] request = Unref(1);
        for (int i = 0; i < 10_000; i++)
        {
            Assert.Equal(InvalidResource, device.Do(request));
        }
        Assert.Equal(10_000, device.OnLoop(() => device.Device.CommandsDone));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_full_ring_of_requests_comes_back_whole(bool eventIdx)
    {
        using var device = NewDevice(eventIdx: eventIdx);
        byte[] request = GetDisplayInfo();
        request.CopyTo(device.Ram.At(Area, request.Length));
        var sent = new HashSet<ushort>();
        for (int i = 0; i < 128; i++)
        {
            sent.Add(device.Driver.Control.Add(new DriverQueue.Piece(Area, 24), new DriverQueue.Piece(Area + 4096, 408, DriverQueue.Piece.Write)));
        }
        device.Driver.Control.Notify();
        for (int i = 0; i < 128; i++)
        {
            Assert.True(sent.Remove(device.Driver.Wait(device.Driver.Control).Head));
        }
    }

    [Fact]
    public void Requests_may_be_indirect_and_cut_anywhere()
    {
        using var device = NewDevice();
        byte[] request = CreateBlob(1, 8192, (4 << 20, 4096), (6 << 20, 4096));
        request.CopyTo(device.Ram.At(Area, request.Length));
        // One byte a descriptor, then the response in three pieces.
        int pieces = request.Length + 3;
        for (int i = 0; i < pieces; i++)
        {
            bool writes = i >= request.Length;
            ulong address = writes ? Area + 8192 + ((ulong)(i - request.Length) * 8) : Area + (ulong)i;
            WriteDescriptor(device.Ram, Area + 16384 + (16UL * (ulong)i), address, writes ? 8u : 1u, (ushort)((writes ? 2 : 0) | (i + 1 < pieces ? 1 : 0)), (ushort)(i + 1));
        }
        device.Driver.Control.Add(new DriverQueue.Piece(Area + 16384, (uint)(16 * pieces), DriverQueue.Piece.Indirect));
        device.Driver.Control.Notify();

        Assert.Equal(24u, device.Driver.Wait(device.Driver.Control).Written);
        Assert.Equal(Ok, BitConverter.ToUInt32(device.Ram.At(Area + 8192, 24)));
        Assert.Equal(1, device.OnLoop(() => device.Device.ResourceCount));
    }

    [Fact]
    public void A_response_is_cut_to_the_room_there_is()
    {
        using var device = NewDevice();
        Assert.Equal(7, device.Driver.Request(Unref(1), responseSize: 7).Length);
        Assert.Equal(24 + (16 * 24), device.Driver.Request(GetDisplayInfo(), responseSize: 4096).Length);
    }

    public static TheoryData<string> BrokenRings() =>
        ["loop", "outside table", "outside memory", "readable after writable", "indirect in indirect", "indirect odd", "indirect empty", "indirect outside", "indirect loop", "head outside", "index jump", "too many pieces"];

    [Theory]
    [MemberData(nameof(BrokenRings))]
    public void A_broken_ring_is_named_and_left_alone_until_the_guest_is_reset(string how)
    {
        using var device = NewDevice();
        DriverQueue queue = device.Driver.Control;
        Unref(1).CopyTo(device.Ram.At(Area, 32));
        Break(device, queue, how);
        queue.KickNow();
        device.Driver.Flush();

        while (!device.OnLoop(() => device.Log.Any(line => line.Contains("guest broke queue 0", StringComparison.Ordinal))))
        {
            // The kick and the message above come by different descriptors.
        }
        Assert.True(device.Driver.WasToldOfDefect());
        Assert.Equal(0, device.OnLoop(() => device.Device.CommandsDone));

        // The guest's driver starts from scratch.
        device.Driver.StartAnew();
        Assert.Equal(InvalidResource, device.Do(Unref(1)));
    }

    private static void Break(DeviceUnderTest device, DriverQueue queue, string how)
    {
        GuestRam ram = device.Ram;
        const ushort next = 1, write = 2, indirect = 4;
        switch (how)
        {
            case "loop":
                queue.WriteRaw(0, Area, 8, next, 1);
                queue.WriteRaw(1, Area, 8, next, 0);
                break;
            case "outside table":
                queue.WriteRaw(0, Area, 8, next, 256);
                break;
            case "outside memory":
                queue.WriteRaw(0, (64 << 20) - 4, 8, 0, 0);
                break;
            case "readable after writable":
                queue.WriteRaw(0, Area, 8, write | next, 1);
                queue.WriteRaw(1, Area, 8, 0, 0);
                break;
            case "indirect in indirect":
                queue.WriteRaw(0, Area + 4096, 16, indirect, 0);
                WriteDescriptor(ram, Area + 4096, Area + 8192, 16, indirect, 0);
                break;
            case "indirect odd":
                queue.WriteRaw(0, Area + 4096, 17, indirect, 0);
                break;
            case "indirect empty":
                queue.WriteRaw(0, Area + 4096, 0, indirect, 0);
                break;
            case "indirect outside":
                queue.WriteRaw(0, (64 << 20) - 16, 32, indirect, 0);
                break;
            case "indirect loop":
                queue.WriteRaw(0, Area + 4096, 32, indirect, 0);
                WriteDescriptor(ram, Area + 4096, Area, 8, next, 1);
                WriteDescriptor(ram, Area + 4112, Area, 8, next, 0);
                break;
            case "too many pieces":
                queue.WriteRaw(0, Area + 4096, 16 * 2000, indirect, 0);
                for (ushort i = 0; i < 2000; i++)
                {
                    WriteDescriptor(ram, Area + 4096 + (16UL * i), Area, 8, (ushort)(i < 1999 ? next : 0), (ushort)(i + 1));
                }
                break;
        }
        queue.Publish(how == "head outside" ? (ushort)256 : (ushort)0);
        if (how == "index jump")
        {
            for (int i = 0; i < 300; i++)
            {
                queue.Publish(0);
            }
        }
    }

    private static void WriteDescriptor(GuestRam ram, ulong at, ulong address, uint length, ushort flags, ushort next)
    {
        BitConverter.TryWriteBytes(ram.At(at, 8), address);
        BitConverter.TryWriteBytes(ram.At(at + 8, 4), length);
        BitConverter.TryWriteBytes(ram.At(at + 12, 2), flags);
        BitConverter.TryWriteBytes(ram.At(at + 14, 2), next);
    }
}
