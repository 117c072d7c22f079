using FbShare.Capture;
using FbShare.Display.Client;
using FbShare.Linux;

namespace FbShare.QemuTests;

/// <summary>The display client against QEMU's own D-Bus display, without any device of ours.</summary>
public sealed class StockDisplayTests
{
    [StockQemuTheory(StockQemu.System)]
    [InlineData("VGA")]
    [InlineData("virtio-vga")]
    public void The_firmware_s_screen_of_the_system_s_QEMU_is_dumped_pixel_for_pixel(string device) => DumpAndCompare(StockQemuTheoryAttribute.SystemQemu, device, null);

    [StockQemuTheory(StockQemu.Tree)]
    [InlineData("VGA")]
    [InlineData("virtio-vga")]
    public void The_newest_QEMU_shares_its_surface_and_the_dump_is_the_same(string device) =>
        DumpAndCompare(TestMachine.Qemu, device, RemotePictureSource.Map);

    [StockQemuTheory(StockQemu.OlderTree)]
    [InlineData("VGA")]
    [InlineData("virtio-vga")]
    public void QEMU_10_0_is_dumped_pixel_for_pixel(string device) => DumpAndCompare(TestMachine.OlderQemu, device, null);

    [StockQemuTheory(StockQemu.System, bus: true)]
    [InlineData("VGA")]
    public void A_QEMU_on_a_message_bus_is_dumped_pixel_for_pixel(string device)
    {
        using var bus = new MessageBus();
        DumpAndCompare(StockQemuTheoryAttribute.SystemQemu, device, RemotePictureSource.Messages, bus);
    }

    private static void DumpAndCompare(string program, string device, RemotePictureSource? source, MessageBus? bus = null)
    {
        using var stock = new StockFirmware(program, device, bus);
        using var loop = new EventLoop();
        Picture? dumped = null;
        RemotePictureSource? came = null;
        long end = EventLoop.Now + 60_000_000_000;
        using DisplayClient client = DisplayClient.Connect(loop, stock.Display);
        RemoteConsole console = client.Consoles.First(c => c.IsGraphic);
        var view = new LatestPicture(console);
        console.Watch(view, takeDmaBuf: true);

        // The text cursor blinks, so one of the next moments has it alike in both pictures.
        PictureComparison? comparison = null;
        do
        {
            Assert.True(EventLoop.Now < end, $"the pictures stay different: {comparison}");
            loop.RunOnce(50);
            if (console.Picture is null || console.Picture.Layout.Height != 400)
            {
                continue;
            }
            came = console.Picture.Source;
            Assert.Null(console.LastFlush);
            dumped = view.Take();
            comparison = PictureComparison.Compare(stock.Screen, dumped);
        }
        while (comparison is not { AreEqual: true });

        Assert.Equal((720, 400), (dumped!.Width, dumped.Height));
        Assert.True(dumped.Pixels.ContainsAnyExcept((byte)0), "the screen is black");
        Assert.True(source is null || came == source, $"it came by {came}");
    }
}
