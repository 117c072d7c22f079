namespace FbShare.QemuTests;

/// <summary>The viewer's window on QEMU's own D-Bus display, without any device of ours.</summary>
public class ViewerStockTests
{
    [StockQemuTheory(StockQemu.System, window: true)]
    [InlineData("virtio-vga")]
    public void The_window_shows_the_system_s_QEMU_and_its_guest_feels_the_user(string device) => ShowAndFeel(StockQemu.System, device);

    [StockQemuTheory(StockQemu.OlderTree, window: true)]
    [InlineData("virtio-gpu-pci")]
    public void The_window_shows_QEMU_10_0_and_its_guest_feels_the_user(string device) => ShowAndFeel(StockQemu.OlderTree, device);

    [StockQemuTheory(StockQemu.Tree, window: true)]
    [InlineData("virtio-vga")]
    public void The_window_shows_the_newest_QEMU_and_its_guest_feels_the_user(string device) => ShowAndFeel(StockQemu.Tree, device);

    private static void ShowAndFeel(StockQemu which, string device)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("fbshare-stock-");
        try
        {
            using var stock = new StockGuest(
                new GuestOptions { Qemu = StockQemuTheoryAttribute.Program(which) }, folder.FullName, gl: false, device, "virtio-keyboard-pci", "virtio-tablet-pci");
            TestGuest guest = stock.Machine;
            using var server = new XServer();
            guest.Type("card mode 1024x768 --frame 31 &");
            guest.WaitForLine("card: shown");
            using var viewer = new ViewerProcess(server, $"{stock.Display}");
            viewer.WaitForTitle("1024x768, copy");
            viewer.AssertShows(TestCard.Still(1024, 768, 31), 1024, 768);

            guest.Ask("card evdev", "card: reading");
            server.Do("key", "a");
            guest.WaitForStroke(30);
            // Here QEMU makes the place, of the whole width and height.
            server.Do("mousemove", "--window", viewer.Window, "600", "123");
            guest.WaitForEvent(3, 0, 600 * 32767 / 1024);
            guest.WaitForEvent(3, 1, 123 * 32767 / 768);
            server.Do("click", "1");
            guest.WaitForStroke(0x110);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
