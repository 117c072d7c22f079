using FbShare.Linux;
using FbShare.VirtioGpu;
using static FbShare.Rig.Driver.Commands;

namespace FbShare.Tests.Device;

public class TwoDTests : OverTransport
{
    [Theory]
    [InlineData(0, 640, 480, 0)]
    [InlineData(1, 33, 7, 1)]
    [InlineData(2, 641, 113, 1)]
    [InlineData(3, 1, 1, 0)]
    [InlineData(4, 1366, 96, 3)]
    [InlineData(5, 255, 255, 2)]
    [InlineData(6, 64, 1, 0)]
    [InlineData(7, 1, 64, 1)]
    public void What_was_transferred_is_shown(int format, int width, int height, int fragment)
    {
        using var device = NewDevice();
        Screen screen = device.Watch();
        (uint virtio, string drm, string order) = Reference.Formats[format];
        var pages = Reference.Scatter(width * height * 4, fragment, seed: format);
        Reference.Draw(device.Ram, pages, order, width, height, width * 4, 0, seed: 1);

        device.DoAll(
            Create2D(1, virtio, (uint)width, (uint)height),
            Attach(1, pages),
            Transfer(1, 0, 0, (uint)width, (uint)height, 0),
            SetScanout(0, 1, 0, 0, (uint)width, (uint)height),
            Flush(1, 0, 0, (uint)width, (uint)height));

        device.OnLoop(() => true);
        Reference.AssertShown(screen, drm, order, width, height, seed: 1);
    }

    [Fact]
    public void What_the_guest_draws_is_not_shown_before_it_is_transferred()
    {
        using var device = NewDevice();
        Screen screen = device.Watch();
        var pages = Reference.Scatter(64 * 64 * 4, 1, seed: 1);
        Reference.Draw(device.Ram, pages, "BGR-", 64, 64, 256, 0, seed: 1);
        device.DoAll(Create2D(1, 2, 64, 64), Attach(1, pages), Transfer(1, 0, 0, 64, 64, 0), SetScanout(0, 1, 0, 0, 64, 64), Flush(1, 0, 0, 64, 64));

        Reference.Draw(device.Ram, pages, "BGR-", 64, 64, 256, 0, seed: 2);
        device.DoAll(Flush(1, 0, 0, 64, 64));
        Reference.AssertShown(screen, "XR24", "BGR-", 64, 64, seed: 1);

        device.DoAll(Transfer(1, 5, 9, 31, 17, (9 * 256) + (5 * 4)), Flush(1, 5, 9, 31, 17));
        for (int y = 0; y < 64; y++)
        {
            byte[] expected = Reference.Row("BGR-", 0, 64, y, seed: 1);
            if (y is >= 9 and < 26)
            {
                Reference.Row("BGR-", 5, 31, y, seed: 2).CopyTo(expected, 5 * 4);
            }
            Assert.True(screen.Row(y).SequenceEqual(expected), $"row {y}");
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_picture_stays_when_its_backing_is_detached(bool zeroCopy)
    {
        using var device = NewDevice(new GpuOptions { RefreshHz = null, ZeroCopy2D = zeroCopy });
        Screen screen = device.Watch();
        var pages = Reference.Scatter(64 * 64 * 4, 1, seed: 1);
        Reference.Draw(device.Ram, pages, "BGR-", 64, 64, 256, 0, seed: 1);
        device.DoAll(Create2D(1, 2, 64, 64), Attach(1, pages), Transfer(1, 0, 0, 64, 64, 0), SetScanout(0, 1, 0, 0, 64, 64), Flush(1, 0, 0, 64, 64), Detach(1));

        Reference.Draw(device.Ram, pages, "BGR-", 64, 64, 256, 0, seed: 2);
        device.DoAll(Flush(1, 0, 0, 64, 64));

        Reference.AssertShown(screen, "XR24", "BGR-", 64, 64, seed: 1);
        Reference.AssertShown(device.Watch(), "XR24", "BGR-", 64, 64, seed: 1);
        Assert.Equal(Unspec, device.Do(Transfer(1, 0, 0, 64, 64, 0)));
        Assert.Equal(Unspec, device.Do(Detach(1)));
    }

    [Fact]
    public void A_part_of_a_resource_is_shown_and_flushed_in_its_own_place()
    {
        using var device = NewDevice();
        Screen screen = device.Watch();
        var pages = Reference.Scatter(100 * 80 * 4, 1, seed: 1);
        Reference.Draw(device.Ram, pages, "BGR-", 100, 80, 400, 0, seed: 1);
        device.DoAll(Create2D(1, 2, 100, 80), Attach(1, pages), Transfer(1, 0, 0, 100, 80, 0), SetScanout(0, 1, 33, 21, 40, 30), Flush(1, 0, 0, 100, 80));
        Reference.AssertShown(screen, "XR24", "BGR-", 40, 30, seed: 1, fromX: 33, fromY: 21);

        device.DoAll(Flush(1, 40, 25, 3, 2), Flush(1, 0, 0, 34, 22), Flush(1, 0, 0, 10, 10));

        Assert.Equal(["update 3x2+7+4", "update 1x1+0+0"], device.OnLoop(() => screen.Events.TakeLast(2).ToArray()));
    }

    [Fact]
    public void Errors_are_the_specifications()
    {
        using var device = NewDevice(new GpuOptions { RefreshHz = null, MaxHostBytes = 1 << 20 });
        device.DoAll(Create2D(1, 2, 64, 64));
        Assert.Equal(InvalidResource, device.Do(Create2D(1, 2, 64, 64)));
        Assert.Equal(InvalidResource, device.Do(Create2D(0, 2, 64, 64)));
        Assert.Equal(InvalidParameter, device.Do(Create2D(2, 99, 64, 64)));
        Assert.Equal(InvalidParameter, device.Do(Create2D(2, 2, 0, 64)));
        Assert.Equal(InvalidParameter, device.Do(Create2D(2, 2, 0x8000_0000, 0x8000_0000)));
        Assert.Equal(OutOfMemory, device.Do(Create2D(2, 2, 512, 513)));
        Assert.Equal(InvalidResource, device.Do(Attach(2, (4 << 20, 4096))));
        Assert.Equal(Unspec, device.Do(Transfer(1, 0, 0, 64, 64, 0)));
        device.DoAll(Attach(1, (4 << 20, 16384)));
        Assert.Equal(Unspec, device.Do(Attach(1, (4 << 20, 16384))));
        Assert.Equal(InvalidResource, device.Do(Transfer(2, 0, 0, 64, 64, 0)));
        Assert.Equal(InvalidParameter, device.Do(Transfer(1, 1, 0, 64, 64, 0)));
        Assert.Equal(InvalidParameter, device.Do(Transfer(1, 0xffff_ffff, 0, 2, 1, 0)));
        Assert.Equal(InvalidParameter, device.Do(Transfer(1, 0, 0, 64, 64, 1)));
        Assert.Equal(InvalidParameter, device.Do(Transfer(1, 0, 0, 64, 64, ulong.MaxValue)));
        Assert.Equal(InvalidScanout, device.Do(SetScanout(1, 1, 0, 0, 64, 64)));
        Assert.Equal(InvalidResource, device.Do(SetScanout(0, 2, 0, 0, 64, 64)));
        Assert.Equal(InvalidParameter, device.Do(SetScanout(0, 1, 0, 0, 65, 64)));
        Assert.Equal(InvalidResource, device.Do(Flush(2, 0, 0, 64, 64)));
        Assert.Equal(InvalidParameter, device.Do(Flush(1, 0, 0, 64, 65)));
        Assert.Equal(InvalidResource, device.Do(Unref(2)));
        Assert.Equal(InvalidResource, device.Do(Detach(2)));
        Assert.Equal(Unspec, device.Do(Bytes(0x108, 0, 0u, 0u)));
        Assert.Equal(Unspec, device.Do(Bytes(0x200, 0)));
        Assert.Equal(Unspec, device.Do(Bytes(0xdead, 0)));
        device.DoAll(Unref(1));
        Assert.Equal(0, device.OnLoop(() => device.Device.ResourceCount));
    }

    [Theory]
    [InlineData(0x101)]
    [InlineData(0x102)]
    [InlineData(0x103)]
    [InlineData(0x104)]
    [InlineData(0x105)]
    [InlineData(0x106)]
    [InlineData(0x107)]
    [InlineData(0x10c)]
    [InlineData(0x10d)]
    public void A_request_cut_short_is_an_error_at_every_length(int type)
    {
        using var device = NewDevice();
        byte[] whole = Bytes((uint)type, 0, 0u, 0u, 0u, 0u);
        for (int length = 1; length < 32; length++)
        {
            uint answer = device.Do(whole[..length]);
            Assert.InRange(answer, Unspec, InvalidParameter);
        }
    }

    [Theory]
    [InlineData(0, 0, 0, 0)]
    [InlineData(10, 10, 0, 5)]
    [InlineData(10, 10, 5, 0)]
    [InlineData(64, 48, 0, 0)]
    public void An_empty_rectangle_inside_the_resource_is_no_error_and_nothing_happens(int x, int y, int width, int height)
    {
        using var device = new DeviceUnderTest();
        Screen screen = device.Watch();
        device.DoAll(Create2D(1, 2, 64, 48), Attach(1, (4 << 20, 64 * 48 * 4)), SetScanout(0, 1, 0, 0, 64, 48), Flush(1, 0, 0, 64, 48));
        int events = device.OnLoop(() => screen.Events.Count);

        device.DoAll(
            Transfer(1, (uint)x, (uint)y, (uint)width, (uint)height, ulong.MaxValue),
            Flush(1, (uint)x, (uint)y, (uint)width, (uint)height),
            Flush(1, (uint)x, (uint)y, (uint)width, (uint)height, fence: 3));

        Assert.Equal(events, device.OnLoop(() => screen.Events.Count));
        Assert.Equal(InvalidParameter, device.Do(Flush(1, 65, 0, 0, 0)));
        Assert.Equal(InvalidParameter, device.Do(Transfer(1, 0, 49, 0, 0, 0)));
    }

    [Fact]
    public void Requests_of_a_thousand_unknown_numbers_take_one_line_in_the_log()
    {
        using var device = new DeviceUnderTest();
        for (uint number = 0x4000; number < 0x4000 + 1000; number++)
        {
            Assert.Equal(Unspec, device.Do(Bytes(number, 0)));
        }
        Assert.Single(device.Log, line => line.Contains("not offered by this device", StringComparison.Ordinal));
    }

    [Fact]
    public void Host_memory_comes_back_when_resources_go()
    {
        using var device = NewDevice(new GpuOptions { RefreshHz = null, MaxHostBytes = 1 << 20 });
        for (int i = 0; i < 100; i++)
        {
            device.DoAll(Create2D(1, 2, 512, 512), Unref(1));
        }
    }

    [Fact]
    public void The_log_takes_one_line_for_any_number_of_the_same_error()
    {
        using var device = NewDevice();
        for (uint i = 0; i < 100; i++)
        {
            Assert.Equal(InvalidResource, device.Do(Unref(1000 + i)));
        }
        Assert.Single(device.Log, line => line.Contains("ResourceUnref", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Consumers_cannot_write_the_buffer_they_are_given_nor_open_it_again_to_do_so(bool isCopy)
    {
        using var device = NewDevice();
        Screen screen = device.Watch();
        if (isCopy)
        {
            device.DoAll(CreateBlob(1, 64 * 64 * 4, (16 << 20, 64 * 64 * 4)), SetScanoutBlob(0, 1, 2, 64, 64, 64 * 4), Flush(1, 0, 0, 64, 64));
        }
        else
        {
            device.DoAll(Create2D(1, 2, 64, 64), SetScanout(0, 1, 0, 0, 64, 64), Flush(1, 0, 0, 64, 64));
        }
        FileDescriptor fd = device.OnLoop(() => screen.Buffer!.ReadOnly);
        using FileDescriptor again = FileDescriptor.Open($"/proc/self/fd/{fd.Number}", writable: true);

        Assert.Throws<LinuxException>(() => MemoryMapping.Map(fd, 0, 4096, writable: true));
        Assert.Throws<LinuxException>(() => MemoryMapping.Map(again, 0, 4096, writable: true));
        MemoryMapping.Map(fd, 0, 4096, writable: false).Dispose();
    }
}
