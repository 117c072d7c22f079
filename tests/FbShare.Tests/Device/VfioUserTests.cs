using System.Buffers.Binary;
using FbShare.Linux;
using FbShare.Rig.Driver;
using FbShare.VirtioGpu;
using static FbShare.Rig.Driver.Commands;
using Command = FbShare.Rig.Driver.VfioUserDriver.Command;

namespace FbShare.Tests.Device;

/// <summary>The vfio-user wire: what a client asks is answered, what it may not is refused with an error number, and nothing is lost by it.</summary>
public class VfioUserTests
{
    private static readonly (ulong, uint)[] Pages = [(4 << 20, 16384)];

    [Fact]
    public void The_device_tells_what_it_is()
    {
        using var device = NewDevice(rom: new byte[4096]);
        VfioUserDriver machine = device.Machine;

        Assert.Equal(VfioUserDriver.Bytes(16u, 3u, 9u, 5u), machine.Send(Command.GetInfo, VfioUserDriver.Bytes(16u, 0u, 0u, 0u)).Payload);
        Assert.Equal((7u, 16UL << 20, true), Region(machine, 0));
        Assert.Equal((3u, 4096UL, false), Region(machine, 2));
        Assert.Equal((3u, 32768UL, false), Region(machine, 4));
        Assert.Equal((1u, 4096UL, false), Region(machine, 6));
        Assert.Equal((3u, 256UL, false), Region(machine, 7));
        foreach (uint none in (uint[])[1, 3, 5, 8])
        {
            Assert.Equal((0u, 0UL, false), Region(machine, none));
        }
        Assert.Equal((7u, 1u), Irq(machine, 0));
        Assert.Equal((0u, 0u), Irq(machine, 1));
        Assert.Equal((1u, 3u), Irq(machine, 2));
        Assert.Equal((1u, 1u), Irq(machine, 3));
    }

    [Fact]
    public void Configuration_space_is_a_virtio_gpus()
    {
        using var device = NewDevice();
        VfioUserDriver machine = device.Machine;

        Assert.Equal(VfioUserDriver.Bytes(0x1050_1af4u), machine.ReadConfig(0, 4));
        Assert.Equal([1, 0, 0x80, 3], machine.ReadConfig(8, 4));
        Assert.Equal(VfioUserDriver.Bytes(0x1100_1af4u), machine.ReadConfig(0x2c, 4));
        Assert.Equal(1, machine.ReadConfig(0x3d, 1)[0]);
        Assert.Equal(new byte[] { 1, 2, 3, 4, 5 }, machine.Structures.Keys.Order());
        foreach ((uint bar, uint offset, uint length, int at) in machine.Structures.Where(s => s.Key != 5).Select(s => s.Value))
        {
            Assert.Equal(4u, bar);
            Assert.InRange(offset + length, 1u, 32768u);
            Assert.Equal(0, at % 4);
        }
        // MSI-X: three vectors, table and pending bits in the BAR's own pages.
        Assert.Equal([0x11], machine.ReadConfig(machine.MsixCapability, 1));
        Assert.Equal(2, machine.ReadConfig(machine.MsixCapability + 2, 1)[0]);
    }

    [Fact]
    public void Bars_are_sized_through_configuration_space()
    {
        using var device = NewDevice(rom: new byte[65536]);
        VfioUserDriver machine = device.Machine;
        (int Register, uint Mask)[] sizes = [(0x10, 0xff00_0008), (0x14, 0), (0x18, 0xffff_f000), (0x1c, 0), (0x20, 0xffff_800c), (0x24, 0xffff_ffff), (0x30, 0xffff_0001)];
        foreach ((int register, uint mask) in sizes)
        {
            machine.WriteConfig(register, [0xff, 0xff, 0xff, 0xff]);
            Assert.Equal(mask, BinaryPrimitives.ReadUInt32LittleEndian(machine.ReadConfig(register, 4)));
        }
        machine.WriteConfig(0, [1, 2, 3, 4]);
        Assert.Equal(VfioUserDriver.Bytes(0x1050_1af4u), machine.ReadConfig(0, 4));

        Assert.Equal(Errno.None, machine.Send(Command.Reset, []).Error);
        Assert.Equal(VfioUserDriver.Bytes(0x0000_000cu), machine.ReadConfig(0x20, 4));
    }

    [Fact]
    public void The_window_in_configuration_space_reaches_the_structures()
    {
        using var device = NewDevice();
        VfioUserDriver machine = device.Machine;
        int window = machine.Structures[5].At;
        (uint bar, uint offset, _, _) = machine.Structures[1];

        // device_status through the window, one byte.
        machine.WriteConfig(window + 4, [(byte)bar]);
        machine.WriteConfig(window + 8, BitConverter.GetBytes(offset + 0x14));
        machine.WriteConfig(window + 12, BitConverter.GetBytes(1u));
        Assert.Equal(15, machine.ReadConfig(window + 16, 1)[0]);
        machine.WriteConfig(window + 16, [0]);
        Assert.Equal(0, machine.Status);

        // A window that is no access of the structures reads as what is stored: nothing.
        machine.WriteConfig(window + 8, BitConverter.GetBytes(0xffff_fff0u));
        Assert.Equal(new byte[4], machine.ReadConfig(window + 16, 4));
        machine.WriteConfig(window + 16, [0xff]);
        Assert.Equal(0, machine.Status);
    }

    [Fact]
    public void Nothing_is_answered_before_the_version()
    {
        using var device = NewDevice(start: false);
        Assert.Equal(Errno.EINVAL, device.Machine.Send(Command.GetInfo, VfioUserDriver.Bytes(16u, 0u, 0u, 0u)).Error);
        Assert.Equal(Errno.EOPNOTSUPP, device.Machine.Send(Command.Version, [9, 0, 0, 0]).Error);
        Assert.Equal(Errno.EINVAL, device.Machine.Send(Command.Version, [0, 0, 0]).Error);

        VfioUserDriver.Reply reply = device.Machine.Send(Command.Version, [0, 0, 7, 0]);

        Assert.Equal(Errno.None, reply.Error);
        Assert.Equal([0, 0, 0, 0], reply.Payload[..4]);
        Assert.Equal(0, reply.Payload[^1]);
        using var json = System.Text.Json.JsonDocument.Parse(reply.Payload.AsMemory()[4..^1]);
        Assert.Equal(1 << 20, json.RootElement.GetProperty("capabilities").GetProperty("max_data_xfer_size").GetInt32());
    }

    public static TheoryData<string, ushort, byte[]> Refused()
    {
        var data = new TheoryData<string, ushort, byte[]>();
        void Add(string what, Command command, byte[] payload) => data.Add(what, (ushort)command, payload);
        byte[] Access(uint region, ulong offset, uint count) => VfioUserDriver.Access(region, offset, count);
        Add("a second version", Command.Version, [0, 0, 0, 0]);
        Add("an unknown command", (Command)99, []);
        Add("a device's own command", Command.DmaRead, new byte[16]);
        Add("info, truncated", Command.GetInfo, new byte[15]);
        Add("info, too little room", Command.GetInfo, VfioUserDriver.Bytes(15u, 0u, 0u, 0u));
        Add("region info, truncated", Command.GetRegionInfo, new byte[31]);
        Add("region info, no such region", Command.GetRegionInfo, VfioUserDriver.Bytes(32u, 0u, 9u, 0u, 0UL, 0UL));
        Add("irq info, no such index", Command.GetIrqInfo, VfioUserDriver.Bytes(16u, 0u, 5u, 0u));
        Add("read, truncated", Command.RegionRead, new byte[15]);
        Add("read of nothing", Command.RegionRead, Access(7, 0, 0));
        Add("read past the end", Command.RegionRead, Access(7, 253, 4));
        Add("read far past the end", Command.RegionRead, Access(7, ulong.MaxValue, 4));
        Add("read of too much", Command.RegionRead, Access(0, 0, (1 << 20) + 1));
        Add("read of a region that is not there", Command.RegionRead, Access(1, 0, 4));
        Add("read of the legacy region", Command.RegionRead, Access(8, 0, 4));
        Add("read of a strange region", Command.RegionRead, Access(uint.MaxValue, 0, 4));
        Add("write, truncated", Command.RegionWrite, [.. Access(7, 4, 4), 1, 2, 3]);
        Add("write, more than announced", Command.RegionWrite, [.. Access(7, 4, 2), 1, 2, 3]);
        Add("write past the end", Command.RegionWrite, [.. Access(4, 32766, 4), 1, 2, 3, 4]);
        Add("write of the ROM", Command.RegionWrite, [.. Access(6, 0, 4), 1, 2, 3, 4]);
        Add("many writes, truncated", Command.RegionWriteMulti, new byte[7]);
        Add("many writes, fewer than announced", Command.RegionWriteMulti, [.. VfioUserDriver.Bytes(2UL), .. Access(7, 4, 2), .. new byte[8]]);
        Add("many writes, a count that overflows", Command.RegionWriteMulti, VfioUserDriver.Bytes(0x2000_0000_0000_0000UL));
        Add("many writes, one too long", Command.RegionWriteMulti, [.. VfioUserDriver.Bytes(1UL), .. Access(7, 4, 9), .. new byte[8]]);
        Add("map, truncated", Command.DmaMap, new byte[31]);
        Add("unmap, truncated", Command.DmaUnmap, new byte[23]);
        Add("unmap with a dirty bitmap", Command.DmaUnmap, VfioUserDriver.Bytes(24u, 1u, 0UL, 4096UL));
        Add("unmap of nothing", Command.DmaUnmap, VfioUserDriver.Bytes(24u, 0u, 0UL, 0UL));
        Add("unmap that wraps around", Command.DmaUnmap, VfioUserDriver.Bytes(24u, 0u, ulong.MaxValue, 4096UL));
        Add("unmap of half a region", Command.DmaUnmap, VfioUserDriver.Bytes(24u, 0u, 0UL, 4096UL));
        Add("irqs, truncated", Command.SetIrqs, new byte[19]);
        Add("irqs, no such index", Command.SetIrqs, VfioUserDriver.Bytes(20u, 0x21u, 5u, 0u, 0u));
        Add("irqs, a vector too many", Command.SetIrqs, VfioUserDriver.Bytes(20u, 0x24u, 2u, 0u, 4u));
        Add("irqs, a vector that is not there", Command.SetIrqs, VfioUserDriver.Bytes(20u, 0x24u, 2u, 3u, 1u));
        Add("irqs, numbers that overflow", Command.SetIrqs, VfioUserDriver.Bytes(20u, 0x24u, 2u, uint.MaxValue, 2u));
        Add("irqs of a kind that is not there", Command.SetIrqs, VfioUserDriver.Bytes(20u, 0x24u, 1u, 0u, 1u));
        Add("irqs, two actions", Command.SetIrqs, VfioUserDriver.Bytes(20u, 0x39u, 0u, 0u, 1u));
        Add("irqs, no data", Command.SetIrqs, VfioUserDriver.Bytes(20u, 0x20u, 0u, 0u, 1u));
        Add("irqs, strange flags", Command.SetIrqs, VfioUserDriver.Bytes(20u, 0x121u, 0u, 0u, 1u));
        Add("irqs, masking what cannot be masked", Command.SetIrqs, VfioUserDriver.Bytes(20u, 0x9u, 2u, 0u, 1u));
        Add("irqs, fewer bools than announced", Command.SetIrqs, [.. VfioUserDriver.Bytes(20u, 0x22u, 2u, 0u, 3u), 1, 1]);
        return data;
    }

    [Theory]
    [MemberData(nameof(Refused))]
    public void What_cannot_be_is_refused_and_nothing_is_lost(string what, ushort command, byte[] payload)
    {
        using var device = NewDevice(rom: new byte[4096]);
        Screen screen = device.Watch();
        device.DoAll(CreateBlob(1, 16384, Pages), SetScanoutBlob(0, 1, 2, 64, 64, 256));

        VfioUserDriver.Reply reply = device.Machine.Send((Command)command, payload);

        Assert.True(reply.Error != Errno.None, what);
        Assert.Empty(reply.Payload);
        Reference.Draw(device.Ram, Pages, "BGR-", 64, 64, 256, 0, seed: 3);
        device.DoAll(Flush(1, 0, 0, 64, 64));
        Reference.AssertShown(screen, "XR24", "BGR-", 64, 64, seed: 3);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(16)]
    public void Eventfds_that_do_not_match_their_number_are_refused_and_closed(int descriptors)
    {
        using var device = NewDevice();
        using var spare = new EventFd();
        Assert.Equal(Errno.EINVAL, device.Machine.SetIrqs(0x24, 2, 0, 3, [.. Enumerable.Repeat(spare.Descriptor, descriptors)]).Error);
        // The vectors that were there still work.
        Assert.Equal(InvalidResource, device.Do(Unref(1)));
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\n\r\n")]
    [InlineData("\u0001\0\u0001\0\u000f\0\0\0\0\0\0\0\0\0\0\0")]
    public void What_is_no_vfio_user_ends_the_connection_and_nothing_else(string bytes)
    {
        using var device = NewDevice();
        device.Machine.Socket.SendAll([.. bytes.Select(c => (byte)c)]);
        while (device.IsConnected())
        {
            // Ends when the message is handled.
        }
        device.Reconnect();
        Assert.Equal(InvalidResource, device.Do(Unref(1)));
    }

    [Fact]
    public void Messages_arrive_byte_by_byte_too()
    {
        using var device = NewDevice();
        byte[] payload = VfioUserDriver.Access(7, 0, 4);
        foreach (byte b in (byte[])[0x34, 0x12, 9, 0, 32, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, .. payload])
        {
            device.Machine.Socket.SendAll([b]);
        }
        var reply = new byte[36];
        int got = 0;
        while (got < reply.Length)
        {
            got += device.Machine.Socket.Receive(reply.AsSpan(got)) ?? 0;
        }
        Assert.Equal(0x1234, BinaryPrimitives.ReadUInt16LittleEndian(reply));
        Assert.Equal(VfioUserDriver.Bytes(0x1050_1af4u), reply[32..]);
    }

    [Fact]
    public void A_posted_write_is_done_without_a_reply()
    {
        using var device = NewDevice();
        device.Machine.Post(Command.RegionWrite, [.. VfioUserDriver.Access(7, 0x3c, 1), 11], flags: 16);
        device.Machine.Post(Command.RegionWrite, [.. VfioUserDriver.Access(7, 300, 1), 11], flags: 16);
        Assert.Equal(11, device.Machine.ReadConfig(0x3c, 1)[0]);
    }

    [Fact]
    public void Many_writes_in_one_message_are_all_done()
    {
        using var device = NewDevice();
        byte[] Element(ulong offset, params byte[] data) => [.. VfioUserDriver.Access(7, offset, (uint)data.Length), .. data, .. new byte[8 - data.Length]];
        VfioUserDriver.Reply reply = device.Machine.Send(Command.RegionWriteMulti, [.. VfioUserDriver.Bytes(2UL), .. Element(0x3c, 7), .. Element(0x20, 0, 0, 0x10, 0xfe)]);
        Assert.Equal(VfioUserDriver.Bytes(2UL), reply.Payload);
        Assert.Equal(7, device.Machine.ReadConfig(0x3c, 1)[0]);
        Assert.Equal([0x0c, 0, 0x10, 0xfe], device.Machine.ReadConfig(0x20, 4));
    }

    [Fact]
    public void Memory_comes_and_goes_and_a_picture_in_it_stays_readable()
    {
        using var ram = new GuestRam(hugetlb: false, (0, 16 << 20), (1UL << 32, 2 << 20));
        using var device = NewDevice(ram: ram);
        Screen screen = device.Watch();
        VfioUserDriver machine = device.Machine;
        (ulong, uint)[] pages = [(1UL << 32, 16384)];
        device.DoAll(CreateBlob(1, 16384, pages), SetScanoutBlob(0, 1, 2, 64, 64, 256));

        VfioUserDriver.Reply gone = machine.Unmap(1UL << 32, 2 << 20);
        Assert.Equal((Errno.None, 24), (gone.Error, gone.Payload.Length));
        Assert.Equal(Unspec, device.Do(CreateBlob(2, 16384, pages)));
        Reference.Draw(ram, pages, "BGR-", 64, 64, 256, 0, seed: 2);
        device.DoAll(Flush(1, 0, 0, 64, 64));
        Reference.AssertShown(screen, "XR24", "BGR-", 64, 64, seed: 2);

        Assert.Equal(Errno.None, machine.Map(1UL << 32, 2 << 20, 16 << 20, ram.Descriptor).Error);
        device.DoAll(CreateBlob(2, 16384, pages));
        // All of it goes and comes, as at every reset of the machine, and the queues go on.
        Assert.Equal(Errno.None, machine.Unmap(0, 0, flags: 2).Error);
        machine.MapMemory();
        Assert.Equal(InvalidResource, device.Do(Unref(7)));
    }

    [Fact]
    public void Memory_that_overlaps_is_refused()
    {
        using var device = NewDevice();
        Assert.Equal(Errno.EINVAL, device.Machine.Map(4096, 4096, 0, device.Ram.Descriptor).Error);
        Assert.Equal(Errno.EINVAL, device.Machine.Map(ulong.MaxValue - 4095, 8192, 0, device.Ram.Descriptor).Error);
        Assert.Equal(Errno.EINVAL, device.Machine.Map(1UL << 40, 4096, 64 << 20, device.Ram.Descriptor).Error);
        Assert.Equal(Errno.EINVAL, device.Machine.Map(1UL << 40, 0, 0, device.Ram.Descriptor).Error);
        Assert.Equal(InvalidResource, device.Do(Unref(1)));
    }

    [Fact]
    public void Memory_that_cannot_be_shared_is_refused_with_the_cure_and_firmware_is_let_be()
    {
        using var device = NewDevice(start: false);
        device.Machine.AgreeOnVersion();
        Assert.Equal(Errno.None, device.Machine.Map(0xfffc_0000, 256 << 10, 0, null, flags: 1).Error);
        Assert.Equal(Errno.EOPNOTSUPP, device.Machine.Map(0, 64 << 20, 0, null).Error);
        Assert.Contains(device.Log, line => line.Contains("memory-backend-memfd,id=mem,size=...,share=on", StringComparison.Ordinal));
        using FileDescriptor unsealed = MemFd.Create("unsealed", 4096, seals: MemFdSeals.None);
        Assert.Equal(Errno.EINVAL, device.Machine.Map(0, 4096, 0, unsealed).Error);
        Assert.Contains(device.Log, line => line.Contains("sealed against shrinking", StringComparison.Ordinal));

        // Another device's memory, once the guest's own is here.
        device.Machine.MapMemory();
        Assert.Equal(Errno.None, device.Machine.Map(0xfd00_0000, 16 << 20, 0, null).Error);
        Assert.Equal(Errno.None, device.Machine.Unmap(0xfd00_0000, 16 << 20).Error);
    }

    [Fact]
    public void A_resize_raises_the_configuration_vector_and_changes_the_generation()
    {
        using var device = NewDevice(options: new GpuOptions { Outputs = 2, RefreshHz = null });
        VfioUserDriver machine = device.Machine;
        byte before = machine.ReadCommon(0x15, 1)[0];

        Assert.True(device.OnLoop(() => device.Device.Resize(1, 1357, 733)));

        Assert.Equal(1UL, machine.ConfigCall.Drain());
        Assert.NotEqual(before, machine.ReadCommon(0x15, 1)[0]);
        Assert.Equal(VfioUserDriver.Bytes(1u, 0u, 2u, 0u), machine.ReadStructure(4, 0, 16));
        machine.WriteStructure(4, 4, [1, 0, 0, 0]);
        Assert.Equal(VfioUserDriver.Bytes(0u), machine.ReadStructure(4, 0, 4));
    }

    [Fact]
    public void An_interrupt_without_an_eventfd_comes_with_the_next_one()
    {
        using var device = NewDevice();
        VfioUserDriver machine = device.Machine;
        Assert.Equal(Errno.None, machine.SetIrqs(0x21, 2, 0, 0).Error);
        Assert.True(device.OnLoop(() => device.Device.Resize(0, 1024, 768)));
        Assert.Equal(0UL, machine.ConfigCall.Drain());
        Assert.Equal(1, machine.Read(4, 0x5000, 1)[0]);

        machine.EnableVectors();

        Assert.Equal(1UL, machine.ConfigCall.Drain());
        Assert.Equal(0, machine.Read(4, 0x5000, 1)[0]);
        Assert.Equal(InvalidResource, device.Do(Unref(1)));
    }

    [Fact]
    public void INTx_is_a_level_that_is_told_once_until_it_is_unmasked()
    {
        using var device = NewDevice();
        VfioUserDriver machine = device.Machine;
        using var line = new EventFd();
        machine.WriteConfig(machine.MsixCapability + 2, [0, 0]);
        Assert.Equal(Errno.None, machine.SetIrqs(0x21, 2, 0, 0).Error);
        Assert.Equal(Errno.None, machine.SetIrqs(0x24, 0, 0, 1, line.Descriptor).Error);
        machine.StartDriver(vectors: false);

        Request(machine);
        Assert.Equal(1UL, line.Drain());
        Assert.Equal(8, machine.ReadConfig(6, 1)[0] & 8);
        Request(machine);
        Assert.Equal(0UL, line.Drain());
        // Unmasked while the level is still up: told again.
        Assert.Equal(Errno.None, machine.SetIrqs(0x11, 0, 0, 1).Error);
        Assert.Equal(1UL, line.Drain());
        Assert.Equal(1, machine.ReadStructure(3, 0, 1)[0]);
        Assert.Equal(0, machine.ReadStructure(3, 0, 1)[0]);
        Assert.Equal(0, machine.ReadConfig(6, 1)[0] & 8);
        Assert.Equal(Errno.None, machine.SetIrqs(0x11, 0, 0, 1).Error);
        Assert.Equal(0UL, line.Drain());

        // Interrupt Disable holds it back, and it comes when that is taken away.
        machine.WriteConfig(5, [4]);
        Request(machine);
        Assert.Equal(0UL, line.Drain());
        machine.WriteConfig(5, [0]);
        Assert.Equal(1UL, line.Drain());

        // Unmasked by an eventfd, as with KVM.
        using var unmask = new EventFd();
        Assert.Equal(Errno.None, machine.SetIrqs(0x14, 0, 0, 1, unmask.Descriptor).Error);
        unmask.Signal();
        while (line.Drain() == 0)
        {
            // The unmasking comes by another descriptor than messages.
            machine.Flush();
        }

        Assert.Equal(Errno.None, machine.SetIrqs(0x9, 0, 0, 1).Error);
        _ = machine.ReadStructure(3, 0, 1);
        Request(machine);
        Assert.Equal(0UL, line.Drain());

        static void Request(VfioUserDriver machine)
        {
            machine.Control.WantCall();
            machine.Control.Add(new DriverQueue.Piece(2 << 20, 24));
            machine.Control.Notify();
            do
            {
                // The line is the test's to look at, so nobody waits for it.
                machine.Flush();
            }
            while (!machine.Control.TryTake(out _, out _));
        }
    }

    [Fact]
    public void Requests_allocate_nothing_on_their_way()
    {
        using var device = NewDevice();
        device.DoAll(CreateBlob(1, 16384, Pages), SetScanoutBlob(0, 1, 2, 64, 64, 256));
        byte[] flush = Flush(1, 0, 0, 64, 64);
        // The first rounds may allocate: code is compiled, lists grow.
        Repeat(500);
        const int requests = 2000;

        // Asking costs a little by itself, a byte per request would be thousands. What the runtime does now and then, such as compiling
        // again, may fall into one round and not into all.
        long least = long.MaxValue;
        for (int round = 0; round < 3 && least >= requests; round++)
        {
            long before = device.OnLoop(GC.GetAllocatedBytesForCurrentThread);
            Repeat(requests);
            least = Math.Min(least, device.OnLoop(GC.GetAllocatedBytesForCurrentThread) - before);
        }
        Assert.InRange(least, 0, requests - 1);

        void Repeat(int count)
        {
            for (int i = 0; i < count; i++)
            {
                device.DoAll(flush);
            }
        }
    }

    [Fact]
    public void A_machine_that_dies_leaves_nothing_and_another_may_come()
    {
        using var device = NewDevice();
        Screen screen = device.Watch();
        device.DoAll(CreateBlob(1, 16384, Pages), SetScanoutBlob(0, 1, 2, 64, 64, 256));

        device.Reconnect();

        Assert.Equal(0, device.OnLoop(() => device.Device.ResourceCount));
        Assert.Equal("disable", device.OnLoop(() => screen.Events[^1]));
        device.DoAll(CreateBlob(1, 16384, Pages));
    }

    [Fact]
    public void The_longest_read_is_answered()
    {
        using var device = NewDevice(rom: ReadOnlyMemory<byte>.Empty);
        var machine = (VfioUserDriver)device.Driver;
        var pixels = new byte[1 << 20];
        new Random(5).NextBytes(pixels);
        machine.Write(0, 0, pixels);
        Assert.Equal(pixels, machine.Read(0, 0, pixels.Length));
    }

    [Fact]
    public void A_second_machine_is_turned_away()
    {
        using var device = NewDevice();
        using UnixSocket second = device.Offer();
        Assert.Equal(0, second.Receive(new byte[1]));
        Assert.Equal(InvalidResource, device.Do(Unref(1)));
    }

    private static DeviceUnderTest NewDevice(GpuOptions? options = null, GuestRam? ram = null, bool start = true, ReadOnlyMemory<byte>? rom = null) =>
        new(options, ram, start: start, transport: Transport.VfioUser, rom: rom);

    private static (uint Flags, ulong Size, bool Descriptor) Region(VfioUserDriver machine, uint index)
    {
        VfioUserDriver.Reply reply = machine.Send(Command.GetRegionInfo, VfioUserDriver.Bytes(32u, 0u, index, 0u, 0UL, 0UL));
        Assert.Equal(index, BitConverter.ToUInt32(reply.Payload, 8));
        using FileDescriptor? file = reply.Descriptor;
        Assert.Equal(file is null ? null : MemFdSeals.Seal | MemFdSeals.Shrink | MemFdSeals.Grow, file?.GetSeals());
        return (BitConverter.ToUInt32(reply.Payload, 4), BitConverter.ToUInt64(reply.Payload, 16), file is not null);
    }

    private static (uint Flags, uint Count) Irq(VfioUserDriver machine, uint index)
    {
        byte[] reply = machine.Send(Command.GetIrqInfo, VfioUserDriver.Bytes(16u, 0u, index, 0u)).Payload;
        return (BitConverter.ToUInt32(reply, 4), BitConverter.ToUInt32(reply, 12));
    }
}
