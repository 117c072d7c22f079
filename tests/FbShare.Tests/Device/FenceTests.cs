using FbShare.Display;
using FbShare.Linux;
using FbShare.Pictures;
using FbShare.Rig.Driver;
using FbShare.VirtioGpu;
using static FbShare.Rig.Driver.Commands;

namespace FbShare.Tests.Device;

public abstract class FenceTests : OverTransport
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
        ushort flush = Send(device, 0, Flush(1, 0, 0, 64, 64, fence: 9));
        ushort other = Send(device, 4096, Unref(77));

        Assert.Equal(other, device.Driver.Wait(device.Driver.Control).Head);
        device.OnLoop(() =>
        {
            device.Hub.Done(0, screen);
            return true;
        });

        Assert.Equal(flush, device.Driver.Wait(device.Driver.Control).Head);
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
        Assert.True(EventLoop.Now - before >= 40_000_000);
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
        screen.Slow = true;
        ushort flush = Send(device, 0, Flush(1, 0, 0, 64, 64, fence: 9));
        ushort other = Send(device, 4096, Unref(77));

        Assert.Equal(flush, device.Driver.Wait(device.Driver.Control).Head);
        Assert.Equal(other, device.Driver.Wait(device.Driver.Control).Head);
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

    private protected DeviceUnderTest Shown(out Screen screen, double? refresh = null)
    {
        DeviceUnderTest device = NewDevice(new GpuOptions { RefreshHz = refresh }, path: null);
        screen = device.Watch();
        device.DoAll(CreateBlob(1, 16384, Pages), SetScanoutBlob(0, 1, 2, 64, 64, 256));
        return device;
    }

    /// <summary>Lets the screen have the guest's own pages, by a stand-in for a dma-buf, and take its time with them.</summary>
    private protected static void ReadSlowly(DeviceUnderTest device, Screen screen) => device.OnLoop(() =>
    {
        var band = new DmaBufBand(MemFd.Create("stand-in", 16384), 0, 64, 256, 0, 16384);
        device.Hub.GetScanout(0)!.Export = new DmaBufExport(new DmaBufFrame(DrmFormat.XR24, 64, 64, [band]));
        screen.TakesDmaBuf = true;
        device.Hub.PathChanged(0, screen);
        Assert.Equal("show dma-buf 64x64", screen.Events[^2]);
        return screen.Slow = true;
    });

    private protected static ushort Send(DeviceUnderTest device, ulong at, byte[] request)
    {
        ulong address = (2 << 20) + at;
        request.CopyTo(device.Ram.At(address, request.Length));
        ushort head = device.Driver.Control.Add(new DriverQueue.Piece(address, (uint)request.Length), new DriverQueue.Piece(address + 2048, 24, DriverQueue.Piece.Write));
        device.Driver.Control.Notify();
        return head;
    }
}

public sealed class FenceOverVhostUserTests : FenceTests
{
    [Theory]
    [InlineData("kicked anew")]
    [InlineData("refused")]
    [InlineData("stopped")]
    [InlineData("started anew after a stop")]
    public void A_held_flush_outlives_what_its_ring_is_told(string how)
    {
        using var device = Shown(out Screen screen);
        ReadSlowly(device, screen);
        ushort flush = Send(device, 0, Flush(1, 0, 0, 64, 64, fence: 9));
        device.Driver.Flush();
        using var kick = new EventFd();
        switch (how)
        {
            case "kicked anew":
                Assert.Equal(0UL, device.FrontEnd.SendAndAcknowledge(12, new byte[8], kick.Descriptor));
                break;
            case "refused":
                device.FrontEnd.SendState(8, 0, 3);
                Assert.Equal(1UL, device.FrontEnd.SendAndAcknowledge(12, new byte[8], device.Ram.Descriptor));
                break;
            case "stopped":
                device.FrontEnd.StopQueue(0);
                break;
            default:
                device.FrontEnd.StartQueue(0, device.Driver.Control, device.FrontEnd.StopQueue(0));
                break;
        }
        device.OnLoop(() =>
        {
            device.Hub.Done(0, screen);
            return true;
        });

        Assert.Equal(flush, device.Driver.Wait(device.Driver.Control).Head);
        Assert.True(device.IsConnected());
        Assert.Equal(3, device.OnLoop(() => device.Device.CommandsDone));
    }
}
