using FbShare.Capture;
using FbShare.Display.Client;
using FbShare.Input;
using FbShare.Linux;
using FbShare.Testing.Screens;
using FbShare.Testing.Typing;

namespace FbShare.QemuTests;

/// <summary>The kit against QEMU's own D-Bus display, without any device of ours.</summary>
public sealed class StockDisplayTests
{
    [StockQemuTheory(StockQemu.System)]
    [InlineData("VGA")]
    [InlineData("virtio-vga")]
    public Task The_firmware_s_screen_of_the_system_s_QEMU_is_dumped_pixel_for_pixel(string device) => DumpAndCompare(StockQemuTheoryAttribute.SystemQemu, device, null);

    [StockQemuTheory(StockQemu.Tree)]
    [InlineData("VGA")]
    [InlineData("virtio-vga")]
    public Task The_newest_QEMU_shares_its_surface_and_the_dump_is_the_same(string device) =>
        DumpAndCompare(TestMachine.Qemu, device, RemotePictureSource.Map);

    [StockQemuTheory(StockQemu.OlderTree)]
    [InlineData("VGA")]
    [InlineData("virtio-vga")]
    public Task QEMU_10_0_is_dumped_pixel_for_pixel(string device) => DumpAndCompare(TestMachine.OlderQemu, device, null);

    [StockQemuTheory(StockQemu.System, bus: true)]
    [InlineData("VGA")]
    public async Task A_QEMU_on_a_message_bus_is_dumped_pixel_for_pixel(string device)
    {
        using var bus = new MessageBus();
        await DumpAndCompare(StockQemuTheoryAttribute.SystemQemu, device, RemotePictureSource.Messages, bus);
    }

    [StockQemuTheory(StockQemu.Tree, guest: true)]
    [InlineData("virtio-vga")]
    public async Task The_newest_QEMU_s_guest_feels_what_is_typed_and_clicked_by_its_own_display(string device)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("fbshare-stock-");
        try
        {
            using var stock = new StockGuest(new GuestOptions(), folder.FullName, gl: false, device, "virtio-keyboard-pci", "virtio-tablet-pci");
            stock.Machine.Type("card mode 1024x768 --frame 31 &");
            stock.Machine.WaitForLine("card: shown");
            stock.Machine.Ask("card evdev", "card: reading");
            await using GuestDisplay display = GuestDisplay.Connect(stock.Display);

            await display.Screen().TypeAsync("z", KeyboardLayout.Load("de"));
            stock.Machine.WaitForStroke(21);
            await display.Screen().ClickAsync(600, 123, MouseButton.Right);
            // Here QEMU makes the place, of the whole width and height.
            stock.Machine.WaitForEvent(3, 0, 600 * 32767 / 1024);
            stock.Machine.WaitForEvent(3, 1, 123 * 32767 / 768);
            stock.Machine.WaitForStroke(0x111);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task DumpAndCompare(string program, string device, RemotePictureSource? source, MessageBus? bus = null)
    {
        using var stock = new StockFirmware(program, device, bus);
        await using GuestDisplay display = GuestDisplay.Connect(stock.Display);
        Screen screen = display.Screen();
        long end = EventLoop.Now + 60_000_000_000;

        // The text cursor blinks, so one of the next moments has it alike in both pictures.
        ScreenCapture capture;
        PictureComparison? comparison = null;
        do
        {
            Assert.True(EventLoop.Now < end, $"the pictures stay different: {comparison}");
            capture = await screen.CaptureAsync();
            Assert.Null(capture.Stamp.Flush);
            comparison = capture.Height == 400 ? PictureComparison.Compare(stock.Screen, capture.Picture) : null;
        }
        while (comparison is not { AreEqual: true });

        Assert.Equal((720, 400), (capture.Width, capture.Height));
        Assert.True(capture.Pixels.ContainsAnyExcept((byte)0), "the screen is black");
        RemotePictureSource? came = await display.OnLoopAsync(() => screen.Console.Picture?.Source);
        Assert.True(source is null || came == source, $"it came by {came}");
    }
}
