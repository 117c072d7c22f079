using FbShare.Display;
using FbShare.Linux;
using FbShare.Pictures;
using FbShare.Rig.Driver;
using FbShare.VirtioGpu;
using static FbShare.Rig.Driver.Commands;

namespace FbShare.Tests.Device;

public class FenceTests : OverTransport
{
    private static readonly (ulong, uint)[] Pages = [(4 << 20, 16384)];

    [Fact]
    public void A_fenced_request_gets_its_fence_back()
    {
        using var device = NewDevice();
        byte[] response = device.Driver.Request(Bytes(0x102, 0x1122_3344_5566_7788, 5u, 0u));
        Assert.Equal(InvalidResource, TypeOf(response));
        Assert.Equal(1u, BitConverter.ToUInt32(response, 4));
        Assert.Equal(0x1122_3344_5566_7788UL, BitConverter.ToUInt64(response, 8));
    }

    [Fact]
    public void A_fenced_flush_waits_for_its_slow_consumer_and_others_pass_it()
    {
        using var device = Shown(out Screen screen);
        ReadSlowly(device, screen);
        AssertHeldUntilGivenBack(device, screen);
    }

    [Fact]
    public void A_fenced_flush_completes_though_its_consumer_never_does()
    {
        using var device = Shown(out Screen screen);
        ReadSlowly(device, screen);
        long before = EventLoop.Now;
        ushort flush = Send(device, 0, Flush(1, 0, 0, 64, 64, fence: 9));

        Assert.Equal(flush, device.Driver.Wait(device.Driver.Control).Head);
        // Not before its time: the consumer got it all.
        Assert.True(EventLoop.Now - before >= 39_000_000);
    }

    [Fact]
    public void A_consumer_that_goes_away_holds_nothing_up()
    {
        using var device = Shown(out Screen screen, refresh: null);
        ReadSlowly(device, screen);
        ushort flush = Send(device, 0, Flush(1, 0, 0, 64, 64, fence: 9));
        device.OnLoop(() =>
        {
            device.Hub.Detach(0, screen);
            return true;
        });
        Assert.Equal(flush, device.Driver.Wait(device.Driver.Control).Head);
    }

    [Fact]
    public void A_fenced_flush_does_not_wait_for_a_slow_consumer_of_the_copy()
    {
        using var device = Shown(out Screen screen);
        device.OnLoop(() => screen.Slow = true);
        ushort flush = Send(device, 0, Flush(1, 0, 0, 64, 64, fence: 9));
        ushort other = Send(device, 4096, Unref(77));

        Assert.Equal(flush, device.Driver.Wait(device.Driver.Control).Head);
        Assert.Equal(other, device.Driver.Wait(device.Driver.Control).Head);
    }

    [Fact]
    public void The_guest_waits_to_draw_until_its_picture_is_copied_for_who_still_reads_the_copy_before()
    {
        using var device = ShownAndHeld(out Screen screen);
        device.OnLoop(() => screen.Slow = true);
        device.DoAll(Flush(1, 0, 0, 64, 64, fence: 1));
        AssertHeldUntilGivenBack(device, screen);
    }

    [Fact]
    public void The_guest_waits_only_once_for_who_reads_one_copy_for_ever()
    {
        using var device = Shown(out Screen screen);
        device.OnLoop(() => screen.Slow = true);
        device.DoAll(Flush(1, 0, 0, 64, 64, fence: 1), Flush(1, 0, 0, 64, 64, fence: 2));
        ushort flush = Send(device, 0, Flush(1, 0, 0, 64, 64, fence: 3));
        ushort other = Send(device, 4096, Unref(77));

        Assert.Equal(flush, device.Driver.Wait(device.Driver.Control).Head);
        Assert.Equal(other, device.Driver.Wait(device.Driver.Control).Head);
    }

    [Fact]
    public void The_guest_does_not_wait_for_a_reader_of_an_older_copy_where_another_consumer_had_the_picture_copied()
    {
        using var device = ShownAndHeld(out Screen screen);
        device.Watch();
        device.OnLoop(() => screen.Slow = true);
        device.DoAll(Flush(1, 0, 0, 64, 64, fence: 1), Flush(1, 0, 0, 64, 64, fence: 2));
    }

    [Fact]
    public void An_unfenced_flush_waits_for_nobody()
    {
        using var device = Shown(out Screen screen);
        ReadSlowly(device, screen);
        device.DoAll(Flush(1, 0, 0, 64, 64), Flush(1, 0, 0, 64, 64));
    }

    [Fact]
    public void The_next_fenced_flush_releases_the_one_before()
    {
        using var device = Shown(out Screen screen);
        ReadSlowly(device, screen);
        ushort first = Send(device, 0, Flush(1, 0, 0, 64, 64, fence: 1));
        ushort second = Send(device, 4096, Flush(1, 0, 0, 64, 64, fence: 2));

        Assert.Equal(first, device.Driver.Wait(device.Driver.Control).Head);
        Assert.Equal(second, device.Driver.Wait(device.Driver.Control).Head);
    }

    [Fact]
    public void Fenced_flushes_come_at_the_refresh_rate_and_unthrottled_ones_at_once()
    {
        using var device = Shown(out _, refresh: 100);
        long before = EventLoop.Now;
        for (ulong fence = 1; fence <= 11; fence++)
        {
            device.DoAll(Flush(1, 0, 0, 64, 64, fence));
        }
        // Ten whole periods lie between eleven flushes; more only where the machine was late.
        Assert.True(EventLoop.Now - before >= 99_000_000);
    }

    [Fact]
    public void Stopping_the_queue_gives_back_what_is_held()
    {
        using var device = Shown(out Screen screen);
        ReadSlowly(device, screen);
        ushort flush = Send(device, 0, Flush(1, 0, 0, 64, 64, fence: 9));
        device.Driver.Flush();

        device.Driver.StopControl();

        Assert.True(device.Driver.Control.TryTake(out ushort head, out _));
        Assert.Equal(flush, head);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void A_flush_of_a_resource_on_two_outputs_waits_for_the_readers_of_both(int first)
    {
        using var device = NewDevice(new GpuOptions { Outputs = 2, RefreshHz = null, LongestHold = TimeSpan.FromSeconds(10) }, path: null);
        Screen[] screens = [device.Watch(0), device.Watch(1)];
        device.DoAll(CreateBlob(1, 16384, Pages), SetScanoutBlob(0, 1, 2, 64, 64, 256), SetScanoutBlob(1, 1, 2, 64, 64, 256));
        ReadSlowly(device, screens[0]);
        ReadSlowly(device, screens[1], output: 1);
        ushort flush = Send(device, 0, Flush(1, 0, 0, 64, 64, fence: 9));
        ushort other = Send(device, 4096, Unref(77));
        Assert.Equal(other, device.Driver.Wait(device.Driver.Control).Head);

        GiveBack(device, screens[first]);
        ushort another = Send(device, 4096, Unref(77));
        Assert.Equal(another, device.Driver.Wait(device.Driver.Control).Head);

        GiveBack(device, screens[1 - first]);
        Assert.Equal(flush, device.Driver.Wait(device.Driver.Control).Head);
    }

    [Fact]
    public void A_flush_whose_reader_is_on_another_output_than_its_later_slot_does_not_wait_for_the_deadline()
    {
        using var device = NewDevice(new GpuOptions { Outputs = 2, RefreshHz = 30 }, path: null);
        Screen screen = device.Watch(0);
        device.DoAll(
            CreateBlob(1, 16384, Pages), CreateBlob(2, 16384, Pages),
            SetScanoutBlob(0, 1, 2, 64, 64, 256), SetScanoutBlob(1, 2, 2, 64, 64, 256));
        ReadSlowly(device, screen);
        long quickest = long.MaxValue;
        // One quick round of many says it: the machine may be slow at any other.
        for (int round = 0; round < 50 && quickest > 38_000_000; round++)
        {
            // The second output's slot is taken, so that this one's comes first.
            device.DoAll(SetScanoutBlob(1, 2, 2, 64, 64, 256), Flush(2, 0, 0, 64, 64, fence: 1), SetScanoutBlob(1, 1, 2, 64, 64, 256));
            long before = EventLoop.Now;
            ushort flush = Send(device, 0, Flush(1, 0, 0, 64, 64, fence: 9));
            ushort other = Send(device, 4096, Unref(77));
            Assert.Equal(other, device.Driver.Wait(device.Driver.Control).Head);
            GiveBack(device, screen);
            Assert.Equal(flush, device.Driver.Wait(device.Driver.Control).Head);
            quickest = Math.Min(quickest, EventLoop.Now - before);
        }
        Assert.InRange(quickest, 0, 38_000_000);
    }

    [Fact]
    public void A_reader_that_is_busy_with_an_earlier_frame_holds_the_flush_until_it_has_read_this_one()
    {
        using var device = Shown(out Screen screen);
        ReadSlowly(device, screen);
        Send(device, 0, Flush(1, 0, 0, 8, 8, fence: 1));
        device.OnLoop(() => true);
        ushort second = Send(device, 4096, Flush(1, 8, 8, 8, 8, fence: 2));
        ushort other = Send(device, 8192, Unref(77));
        Assert.NotEqual(second, device.Driver.Wait(device.Driver.Control).Head);
        Assert.Equal(other, device.Driver.Wait(device.Driver.Control).Head);

        // The first reading ends, the second begins.
        Assert.Equal("update 8x8+8+8", device.OnLoop(() =>
        {
            screen.GiveBack();
            return screen.Events[^1];
        }));
        ushort another = Send(device, 8192, Unref(77));
        Assert.Equal(another, device.Driver.Wait(device.Driver.Control).Head);
        GiveBack(device, screen);
        Assert.Equal(second, device.Driver.Wait(device.Driver.Control).Head);
    }

    [Fact]
    public void A_lease_that_is_given_back_twice_or_late_frees_nothing()
    {
        using var device = Show(NewDevice(new GpuOptions { RefreshHz = null, LongestHold = TimeSpan.FromSeconds(1) }, path: null), out Screen screen);
        ReadSlowly(device, screen);
        Send(device, 0, Flush(1, 0, 0, 64, 64, fence: 1));
        FrameLease first = device.OnLoop(() => screen.Lease);
        device.OnLoop(() =>
        {
            first.GiveBack();
            return true;
        });
        device.Driver.Wait(device.Driver.Control);
        ushort flush = Send(device, 4096, Flush(1, 0, 0, 64, 64, fence: 2));
        device.OnLoop(() =>
        {
            first.GiveBack();
            return true;
        });
        ushort other = Send(device, 8192, Unref(77));
        Assert.Equal(other, device.Driver.Wait(device.Driver.Control).Head);
        Assert.Equal(flush, device.Driver.Wait(device.Driver.Control).Head);
    }

    [Fact]
    public void Fenced_flushes_of_2D_resources_are_not_paced()
    {
        using var device = NewDevice(new GpuOptions { RefreshHz = 24 });
        device.DoAll(Create2D(1, 2, 64, 64), SetScanout(0, 1, 0, 0, 64, 64), Flush(1, 0, 0, 64, 64, fence: 1));

        ushort flush = Send(device, 0, Flush(1, 0, 0, 64, 64, fence: 2));
        ushort other = Send(device, 4096, Unref(77));

        Assert.Equal(flush, device.Driver.Wait(device.Driver.Control).Head);
        Assert.Equal(other, device.Driver.Wait(device.Driver.Control).Head);
    }

    [Fact]
    public void The_next_front_end_does_not_pay_for_the_slots_of_the_one_before()
    {
        using var device = NewDevice(new GpuOptions { RefreshHz = 24 });
        device.DoAll(CreateBlob(1, 16384, Pages), SetScanoutBlob(0, 1, 2, 64, 64, 256));
        for (ulong fence = 1; fence <= 10; fence++)
        {
            Send(device, 0, Flush(1, 0, 0, 64, 64, fence));
        }
        device.Reconnect();
        device.DoAll(CreateBlob(1, 16384, Pages), SetScanoutBlob(0, 1, 2, 64, 64, 256));

        ushort flush = Send(device, 0, Flush(1, 0, 0, 64, 64, fence: 1));
        ushort other = Send(device, 4096, Unref(77));

        Assert.Equal(flush, device.Driver.Wait(device.Driver.Control).Head);
        Assert.Equal(other, device.Driver.Wait(device.Driver.Control).Head);
    }

    /// <summary>The next flush waits for the screen, and others pass it.</summary>
    private static void AssertHeldUntilGivenBack(DeviceUnderTest device, Screen screen)
    {
        ushort flush = Send(device, 0, Flush(1, 0, 0, 64, 64, fence: 9));
        ushort other = Send(device, 4096, Unref(77));

        Assert.Equal(other, device.Driver.Wait(device.Driver.Control).Head);
        GiveBack(device, screen);

        Assert.Equal(flush, device.Driver.Wait(device.Driver.Control).Head);
    }

    /// <summary>Of a device that holds a flush for longer than the driver waits for it.</summary>
    private DeviceUnderTest ShownAndHeld(out Screen screen) =>
        Show(NewDevice(new GpuOptions { RefreshHz = null, LongestHold = TimeSpan.FromMinutes(1) }, path: null), out screen);

    private DeviceUnderTest Shown(out Screen screen, double? refresh = null) => Show(NewDevice(new GpuOptions { RefreshHz = refresh }, path: null), out screen);

    internal static DeviceUnderTest Show(DeviceUnderTest device, out Screen screen)
    {
        screen = device.Watch();
        device.DoAll(CreateBlob(1, 16384, Pages), SetScanoutBlob(0, 1, 2, 64, 64, 256));
        return device;
    }

    /// <summary>Lets the screen have the guest's own pages, by a stand-in for a dma-buf, and take its time with them.</summary>
    internal static void ReadSlowly(DeviceUnderTest device, Screen screen, int output = 0) => device.OnLoop(() =>
    {
        var band = new DmaBufBand(MemFd.Create("stand-in", 16384), 0, 64, 256, 0, 16384);
        device.Hub.GetScanout(output)!.Export ??= new DmaBufExport(new DmaBufFrame(DrmFormat.XR24, 64, 64, [band]));
        screen.TakesDmaBuf = true;
        device.Hub.ShowAgain(output, screen);
        Assert.Equal("show dma-buf 64x64", screen.Events[^2]);
        return screen.Slow = true;
    });

    internal static void GiveBack(DeviceUnderTest device, Screen screen) => device.OnLoop(() =>
    {
        screen.GiveBack();
        return true;
    });

    internal static ushort Send(DeviceUnderTest device, ulong at, byte[] request)
    {
        ulong address = (2 << 20) + at;
        request.CopyTo(device.Ram.At(address, request.Length));
        ushort head = device.Driver.Control.Add(new DriverQueue.Piece(address, (uint)request.Length), new DriverQueue.Piece(address + 2048, 24, DriverQueue.Piece.Write));
        device.Driver.Control.Notify();
        return head;
    }
}
