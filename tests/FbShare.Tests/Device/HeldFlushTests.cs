using FbShare.Linux;
using FbShare.Rig.Driver;
using FbShare.VirtioGpu;
using static FbShare.Rig.Driver.Commands;

namespace FbShare.Tests.Device;

/// <summary>A flush that is held while a vhost-user front-end does something to its ring.</summary>
public class HeldFlushTests
{
    [Theory]
    [InlineData("kicked again")]
    [InlineData("refused")]
    [InlineData("stopped")]
    [InlineData("started again after a stop")]
    public void A_held_flush_outlives_what_its_ring_is_told(string how)
    {
        using DeviceUnderTest device = FenceTests.Show(new DeviceUnderTest(new GpuOptions { RefreshHz = null }, path: null), out Screen screen);
        FenceTests.ReadSlowly(device, screen);
        ushort flush = FenceTests.Send(device, 0, Flush(1, 0, 0, 64, 64, fence: 9));
        device.Driver.Flush();
        using var kick = new EventFd();
        switch (how)
        {
            case "kicked again":
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
        FenceTests.GiveBack(device, screen);

        Assert.Equal(flush, device.Driver.Wait(device.Driver.Control).Head);
        Assert.True(device.IsConnected());
        Assert.Equal(3, device.OnLoop(() => device.Device.CommandsDone));
    }

    [Fact]
    public void A_ring_that_is_set_up_anew_while_a_flush_is_held_gives_it_back_and_goes_on()
    {
        using DeviceUnderTest device = FenceTests.Show(new DeviceUnderTest(new GpuOptions { RefreshHz = null }, path: null), out Screen screen);
        FenceTests.ReadSlowly(device, screen);
        ushort flush = FenceTests.Send(device, 0, Flush(1, 0, 0, 64, 64, fence: 9));
        device.OnLoop(() => true);

        device.FrontEnd.StartQueue(0, device.Driver.Control, 0);
        // And another eventfd to call: the one before is closed.
        device.FrontEnd.Send(FrontEndRequest.SetVringCall, BitConverter.GetBytes(0UL), device.Driver.Control.Call.Descriptor);

        Assert.Equal(flush, device.Driver.Wait(device.Driver.Control).Head);
        FenceTests.GiveBack(device, screen);
        device.DoAll(Flush(1, 0, 0, 64, 64), Flush(1, 0, 0, 64, 64, fence: 10));
    }
}
