using System.Buffers.Binary;
using FbShare.Linux;
using FbShare.Rig.Driver;
using FbShare.VirtioGpu;
using static FbShare.Rig.Driver.Commands;

namespace FbShare.Tests.Device;

public class TransportTests
{
    private static readonly (ulong, uint)[] Pages = [(4 << 20, 16384)];

    [Fact]
    public void Stop_and_cont_keep_resources_and_place()
    {
        using var device = new DeviceUnderTest();
        Screen screen = device.Watch();
        Reference.Draw(device.Ram, Pages, "BGR-", 64, 64, 256, 0, seed: 1);
        device.DoAll(CreateBlob(1, 16384, Pages), SetScanoutBlob(0, 1, 2, 64, 64, 256), Flush(1, 0, 0, 64, 64));

        uint place = device.FrontEnd.StopQueue(0);
        uint cursorPlace = device.FrontEnd.StopQueue(1);
        Assert.Equal((3u, 0u), (place, cursorPlace));
        device.FrontEnd.SetMemTable();
        device.FrontEnd.StartQueue(0, device.FrontEnd.Control, place);
        device.FrontEnd.StartQueue(1, device.FrontEnd.Cursor, cursorPlace);

        Reference.Draw(device.Ram, Pages, "BGR-", 64, 64, 256, 0, seed: 2);
        device.DoAll(Flush(1, 0, 0, 64, 64));
        Reference.AssertShown(screen, "XR24", "BGR-", 64, 64, seed: 2);
        Assert.DoesNotContain("disable", screen.Events.Skip(1));
    }

    [Fact]
    public void A_guest_reset_frees_resource_numbers_and_the_screen()
    {
        using var device = new DeviceUnderTest();
        Screen screen = device.Watch();
        device.DoAll(CreateBlob(1, 16384, Pages), SetScanoutBlob(0, 1, 2, 64, 64, 256));

        device.FrontEnd.StopQueue(0);
        device.FrontEnd.StopQueue(1);
        device.FrontEnd.Control.Reset();
        device.FrontEnd.Cursor.Reset();
        device.FrontEnd.SetMemTable();
        device.FrontEnd.StartQueue(0, device.FrontEnd.Control, 0);
        device.FrontEnd.StartQueue(1, device.FrontEnd.Cursor, 0);

        device.DoAll(CreateBlob(1, 16384, Pages));
        Assert.Equal("disable", device.OnLoop(() => screen.Events[^1]));
    }

    [Fact]
    public void A_gpu_socket_whose_other_end_is_closed_already_costs_nothing_from_then_on()
    {
        using var device = new DeviceUnderTest(new GpuOptions { Outputs = 2, RefreshHz = null });
        device.DoAll(CreateBlob(1, 16384, Pages), SetScanoutBlob(0, 1, 2, 64, 64, 256), SetScanoutBlob(1, 1, 2, 64, 64, 256));
        (UnixSocket ours, UnixSocket theirs) = UnixSocket.CreatePair();
        theirs.Dispose();
        using (ours)
        {
            device.FrontEnd.SendAndAcknowledge(33, [], ours.Descriptor);
        }
        device.DoAll(Flush(1, 0, 0, 64, 64));
        long copied = device.OnLoop(() => device.Hub.BytesCopied);

        device.DoAll(Flush(1, 0, 0, 64, 64), Flush(1, 0, 0, 64, 64));

        Assert.Equal(copied, device.OnLoop(() => device.Hub.BytesCopied));
        Assert.Single(device.Log, l => l.Contains("QEMU's own display", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(34)]
    [InlineData(39)]
    public void Reset_messages_reset_the_device(uint request)
    {
        using var device = new DeviceUnderTest();
        device.DoAll(CreateBlob(1, 16384, Pages));
        Assert.Equal(0UL, device.FrontEnd.SendAndAcknowledge(request, request == 39 ? new byte[8] : []));
        Assert.Equal(0, device.OnLoop(() => device.Device.ResourceCount));
    }

    [Fact]
    public void A_front_end_that_dies_leaves_nothing_and_another_may_come()
    {
        using var device = new DeviceUnderTest();
        Screen screen = device.Watch();
        device.DoAll(CreateBlob(1, 16384, Pages), SetScanoutBlob(0, 1, 2, 64, 64, 256));

        device.Reconnect();

        Assert.Equal(0, device.OnLoop(() => device.Device.ResourceCount));
        Assert.Equal("disable", device.OnLoop(() => screen.Events[^1]));
        Reference.Draw(device.Ram, Pages, "BGR-", 64, 64, 256, 0, seed: 1);
        device.DoAll(CreateBlob(1, 16384, Pages), SetScanoutBlob(0, 1, 2, 64, 64, 256), Flush(1, 0, 0, 64, 64));
        Reference.AssertShown(screen, "XR24", "BGR-", 64, 64, seed: 1);
    }

    [Fact]
    public void A_second_front_end_is_turned_away()
    {
        using var device = new DeviceUnderTest();
        using UnixSocket second = device.Offer();
        Assert.Equal(0, second.Receive(new byte[1]));
        Assert.Equal(InvalidResource, device.Do(Unref(1)));
    }

    [Fact]
    public void A_picture_may_lie_in_two_regions_of_one_file()
    {
        using var ram = new GuestRam(hugetlb: false, (0, 16 << 20), (4UL << 30, 16 << 20));
        using var device = new DeviceUnderTest(ram: ram);
        Screen screen = device.Watch();
        (ulong, uint)[] pages = [(4UL << 30, 8192), ((16 << 20) - 8192, 8192), ((4UL << 30) + 65536, 4096), (4 << 20, 4096)];
        Reference.Draw(ram, pages, "BGR-", 64, 96, 256, 0, seed: 4);

        device.DoAll(CreateBlob(1, 24576, pages), SetScanoutBlob(0, 1, 2, 64, 96, 256), Flush(1, 0, 0, 64, 96));

        Reference.AssertShown(screen, "XR24", "BGR-", 64, 96, seed: 4);
    }

    [Fact]
    public void A_region_comes_and_goes_and_a_picture_in_it_stays_readable()
    {
        using var ram = new GuestRam(hugetlb: false, (0, 16 << 20), (1UL << 32, 2 << 20));
        using var device = new DeviceUnderTest(ram: ram);
        Screen screen = device.Watch();
        (ulong, uint)[] pages = [(1UL << 32, 16384)];
        Reference.Draw(ram, pages, "BGR-", 64, 64, 256, 0, seed: 1);
        device.DoAll(CreateBlob(1, 16384, pages), SetScanoutBlob(0, 1, 2, 64, 64, 256), Flush(1, 0, 0, 64, 64));
        var region = new byte[40];
        FrontEndDriver.WriteRegion(region.AsSpan(8), ram.Regions[1]);

        Assert.Equal(0UL, device.FrontEnd.SendAndAcknowledge(38, region));
        Assert.Equal(1UL, device.FrontEnd.SendAndAcknowledge(38, region));
        Assert.Equal(Unspec, device.Do(CreateBlob(2, 16384, pages)));
        Reference.Draw(ram, pages, "BGR-", 64, 64, 256, 0, seed: 2);
        device.DoAll(Flush(1, 0, 0, 64, 64));
        Reference.AssertShown(screen, "XR24", "BGR-", 64, 64, seed: 2);

        Assert.Equal(0UL, device.FrontEnd.SendAndAcknowledge(37, region, ram.Descriptor));
        Assert.Equal(1UL, device.FrontEnd.SendAndAcknowledge(37, region, ram.Descriptor));
        Assert.Equal(1UL, device.FrontEnd.SendAndAcknowledge(37, region));
        device.DoAll(CreateBlob(2, 16384, pages));
    }

    [Theory]
    [InlineData(1UL << 40, 4096UL, 0UL)]
    [InlineData(0x1_0000_0000UL, 1UL << 50, 0UL)]
    [InlineData(0x1_0000_0000UL, 4096UL, 1UL << 62)]
    [InlineData(0x1_0000_0000UL, 4096UL, ulong.MaxValue)]
    [InlineData(ulong.MaxValue, 4096UL, 0UL)]
    [InlineData(0x1_0000_0000UL, 0UL, 0UL)]
    [InlineData(4096UL, 4096UL, 0UL)]
    public void Impossible_regions_are_refused(ulong guest, ulong size, ulong offset)
    {
        using var device = new DeviceUnderTest();
        var region = new byte[40];
        BinaryPrimitives.WriteUInt64LittleEndian(region.AsSpan(8), guest);
        BinaryPrimitives.WriteUInt64LittleEndian(region.AsSpan(16), size);
        BinaryPrimitives.WriteUInt64LittleEndian(region.AsSpan(32), offset);
        ulong expected = guest == 1UL << 40 ? 0UL : 1UL;
        Assert.Equal(expected, device.FrontEnd.SendAndAcknowledge(37, region, device.Ram.Descriptor));
        Assert.Equal(InvalidResource, device.Do(Unref(1)));
    }

    [Theory]
    [InlineData(0, 16)]
    [InlineData(0, 20)]
    [InlineData(0, 24)]
    [InlineData(8, 4)]
    [InlineData(0, 256)]
    [InlineData(200, 56)]
    public void Config_has_the_size_that_was_asked_for(int offset, int size)
    {
        using var device = new DeviceUnderTest(new GpuOptions { Outputs = 3, RefreshHz = null });
        byte[] space = GetConfig(device, offset, size);
        var expected = new byte[512];
        expected[8] = 3;
        Assert.Equal(expected.AsSpan(offset, size).ToArray(), space);
    }

    [Fact]
    public void A_resize_is_told_read_and_cleared()
    {
        using var device = new DeviceUnderTest(new GpuOptions { Outputs = 2, Width = 1024, Height = 768, RefreshHz = null });
        Assert.True(device.OnLoop(() => device.Device.Resize(1, 1357, 733)));
        Assert.Equal(2u, device.FrontEnd.WaitForBackendMessage());
        Assert.Equal(1, GetConfig(device, 0, 16)[0]);

        byte[] info = device.Driver.Request(GetDisplayInfo(), 408);
        Assert.Equal(OkDisplayInfo, TypeOf(info));
        Assert.Equal((0u, 1024u, 768u, 1u), Display(info, 0));
        Assert.Equal((1024u, 1357u, 733u, 1u), Display(info, 1));
        Assert.Equal((0u, 0u, 0u, 0u), Display(info, 2));

        byte[] edid = device.Driver.Request(GetEdid(1), 1056);
        Assert.Equal(OkEdid, TypeOf(edid));
        int size = BitConverter.ToInt32(edid, 24);
        Assert.InRange(size, 128, 256);
        // E-EDID 3.10.2: the first detailed timing's active pixels.
        Assert.Equal(1357, edid[32 + 56] | ((edid[32 + 58] & 0xf0) << 4));
        Assert.Equal(733, edid[32 + 59] | ((edid[32 + 61] & 0xf0) << 4));
        Assert.Equal(InvalidParameter, device.Do(GetEdid(2)));

        byte[] clear = new byte[12 + 4];
        clear[0] = 4;
        clear[4] = 4;
        clear[12] = 1;
        Assert.Equal(0UL, device.FrontEnd.SendAndAcknowledge(25, clear));
        Assert.Equal(0, GetConfig(device, 0, 16)[0]);

        Assert.True(device.OnLoop(() => device.Device.Resize(1, 0, 0)));
        Assert.Equal((0u, 0u, 0u, 0u), Display(device.Driver.Request(GetDisplayInfo(), 408), 1));
        Assert.False(device.OnLoop(() => device.Device.Resize(2, 800, 600)));
        Assert.False(device.OnLoop(() => device.Device.Resize(0, 20000, 600)));
    }

    [Fact]
    public void Unknown_messages_are_refused_and_named()
    {
        using var device = new DeviceUnderTest();
        Assert.Equal(1UL, device.FrontEnd.SendAndAcknowledge(31, new byte[24]));
        Assert.Equal(1UL, device.FrontEnd.SendAndAcknowledge(99, new byte[8]));
        Assert.Contains(device.Log, line => line.Contains("message 99", StringComparison.Ordinal));
        Assert.Contains(device.Log, line => line.Contains("GetInflightFd", StringComparison.Ordinal));
        Assert.Equal(InvalidResource, device.Do(Unref(1)));
    }

    [Fact]
    public void A_front_end_of_another_device_is_told_apart()
    {
        using var device = new DeviceUnderTest();
        Assert.Equal(1UL, device.FrontEnd.SendAndAcknowledge(8, [2, 0, 0, 0, 0, 1, 0, 0]));
        Assert.Contains(device.Log, line => line.Contains("is the front-end a gpu's", StringComparison.Ordinal));
    }

    public static TheoryData<string> Nonsense() => ["version", "huge", "short", "memory table", "cut"];

    [Theory]
    [MemberData(nameof(Nonsense))]
    public void What_is_no_vhost_user_ends_the_connection_and_nothing_else(string kind)
    {
        using var device = new DeviceUnderTest();
        switch (kind)
        {
            case "version":
                device.FrontEnd.Socket.SendAll("GET / HTTP/1.1\r\n\r\n"u8);
                break;
            case "huge":
                device.FrontEnd.Socket.SendAll([1, 0, 0, 0, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]);
                break;
            case "short":
                device.FrontEnd.Send(8, [1, 2]);
                break;
            case "memory table":
                device.FrontEnd.Send(5, [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]);
                break;
            case "cut":
                device.FrontEnd.Socket.SendAll([1, 0, 0, 0]);
                device.FrontEnd.Socket.Dispose();
                break;
        }
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
        using var device = new DeviceUnderTest();
        foreach (byte b in (byte[])[8, 0, 0, 0, 9, 0, 0, 0, 8, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0])
        {
            device.FrontEnd.Socket.SendAll([b]);
        }
        Assert.Equal(0UL, BitConverter.ToUInt64(device.FrontEnd.ReceiveReply(8)));
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(3u)]
    [InlineData(65536u)]
    [InlineData(0xffff_ffffu)]
    public void A_queue_of_an_impossible_size_does_not_start(uint size)
    {
        using var device = new DeviceUnderTest();
        device.FrontEnd.StopQueue(0);
        device.FrontEnd.SendState(8, 0, size);
        using var kick = new EventFd();
        Assert.Equal(1UL, device.FrontEnd.SendAndAcknowledge(12, new byte[8], kick.Descriptor));
    }

    [Fact]
    public void A_hundred_thousand_lives_of_a_resource_leave_descriptors_and_mappings_as_they_were()
    {
        using var device = new DeviceUnderTest();
        device.Watch();
        void Live(int count)
        {
            for (int i = 0; i < count; i++)
            {
                device.DoAll(CreateBlob(1, 16384, Pages), SetScanoutBlob(0, 1, 2, 64, 64, 256), Flush(1, 0, 0, 64, 64), Unref(1));
                if (i % 10 == 0)
                {
                    device.DoAll(Create2D(2, 2, 8, 8), SetScanout(0, 2, 0, 0, 8, 8), Unref(2));
                }
            }
        }
        Live(100);
        (int descriptors, int mappings) = CountResources();
        Live(100_000);
        (int descriptorsAfter, int mappingsAfter) = CountResources();
        // Tests beside this one open and map some hundreds of their own; a leak in every tenth life would be 10,000.
        Assert.InRange(descriptorsAfter, 0, descriptors + 5000);
        Assert.InRange(mappingsAfter, 0, mappings + 5000);
    }

    private static (int Descriptors, int Mappings) CountResources() =>
        (Directory.GetFiles("/proc/self/fd").Length, File.ReadLines("/proc/self/maps").Count());

    private static byte[] GetConfig(DeviceUnderTest device, int offset, int size)
    {
        var request = new byte[12 + size];
        BinaryPrimitives.WriteInt32LittleEndian(request, offset);
        BinaryPrimitives.WriteInt32LittleEndian(request.AsSpan(4), size);
        device.FrontEnd.Send(24, request);
        byte[] reply = device.FrontEnd.ReceiveReply(24);
        Assert.Equal(size, BitConverter.ToInt32(reply, 4));
        return reply[12..];
    }

    private static (uint X, uint Width, uint Height, uint Enabled) Display(byte[] info, int index)
    {
        int at = 24 + (24 * index);
        return (BitConverter.ToUInt32(info, at), BitConverter.ToUInt32(info, at + 8), BitConverter.ToUInt32(info, at + 12), BitConverter.ToUInt32(info, at + 16));
    }
}
