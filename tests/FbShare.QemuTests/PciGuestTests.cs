using FbShare.Capture;
using FbShare.Display;

namespace FbShare.QemuTests;

/// <summary>The device as a whole PCI device over vfio-user: firmware, a real Linux guest, resets.</summary>
public class PciGuestTests
{
    [QemuFact(Needs.Blob | Needs.Pci)]
    public void Pci_guest() => GuestTests.Everything(new GuestOptions { Pci = true });

    [QemuFact(Needs.Blob | Needs.Pci)]
    public void Pci_guest_without_blobs() => GuestTests.Cards(new GuestOptions { Pci = true, TwoD = true });

    [QemuFact(Needs.Blob | Needs.Pci)]
    public void Pci_guest_with_5_GiB_in_two_regions() => GuestTests.Cards(new GuestOptions { Pci = true, Memory = "5G" });

    [QemuFact(Needs.Blob | Needs.Pci | Needs.HugePages)]
    public void Pci_guest_in_huge_pages() => GuestTests.Cards(new GuestOptions { Pci = true, HugePages = true });

    [QemuFact(Needs.Blob | Needs.Pci)]
    public void Two_outputs_show_two_frames()
    {
        using var guest = new Guest(new GuestOptions { Pci = true, Outputs = 2 });
        guest.Type("card multi --frame 40");
        guest.WaitForLine("card: shown output=0");
        guest.WaitForLine("card: shown output=1");
        guest.AssertShows(TestCard.Still(1280, 800, 40), 1280, 800, output: 0);
        guest.AssertShows(TestCard.Still(1280, 800, 41), 1280, 800, output: 1);
        guest.EndCard();
    }

    [QemuFact(Needs.Blob | Needs.Pci)]
    public void The_guest_follows_a_resize_while_it_runs()
    {
        using var guest = new Guest(new GuestOptions { Pci = true });
        guest.Ask("card still --follow --frame 3", "card: shown");
        guest.AssertShows(TestCard.Still(1280, 800, 3), 1280, 800);
        Assert.True(guest.OnLoop(hub => hub.Source!.Resize(0, 1366, 768)));
        Assert.Contains("1366x768", guest.WaitForLine("card: shown"), StringComparison.Ordinal);
        guest.AssertShows(TestCard.Still(1366, 768, 3), 1366, 768);
        guest.EndCard();
    }

    [QemuFact(Needs.Blob | Needs.Pci)]
    public void Flips_keep_going_through_stop_and_cont()
    {
        using var guest = new Guest(new GuestOptions { Pci = true });
        guest.Ask("card flip 3 full --frames 200", "card: flipping");
        for (int i = 0; i < 3; i++)
        {
            guest.Monitor.Execute("stop");
            Picture? held = guest.Take();
            Assert.NotNull(TestCard.ReadFrame(held!.ToRgb(), held.Width));
            guest.Monitor.Execute("cont");
        }
        guest.WaitForLine("card: flipped");
        guest.AssertShows(TestCard.Full(1280, 800, 200), 1280, 800);
        guest.EndCard();
    }

    [QemuFact(Needs.Blob | Needs.Pci)]
    public void The_BIOS_s_screen_is_the_one_of_QEMUs_own_Bochs_display_again_after_a_reset()
    {
        using var stock = new StockFirmware(TestMachine.Qemu, "bochs-display,xres=1280,yres=800", bus: null, "-machine", "q35", "-m", "512M");
        using var guest = new Guest(new GuestOptions { Pci = true, FirmwareOnly = true, Bios = true });
        AssertSame(guest, stock);
        Assert.Equal(ScanoutKind.Boot, guest.OnLoop(hub => hub.GetScanout(0)?.Kind));

        guest.Monitor.Execute("system_reset");
        AssertSame(guest, stock);
    }

    [QemuFact(Needs.Blob | Needs.Pci | Needs.Firmware)]
    public void UEFIs_screen_is_the_one_of_QEMUs_own_virtio_gpu()
    {
        using var stock = new StockFirmware(TestMachine.Qemu, "virtio-gpu-pci,xres=1280,yres=800", bus: null, "-machine", "q35", "-m", "512M", "-bios", TestMachine.Firmware);
        using var guest = new Guest(new GuestOptions { Pci = true, FirmwareOnly = true, Patience = TimeSpan.FromMinutes(4) });
        AssertSame(guest, stock);
        Assert.Equal(ScanoutKind.TwoD, guest.OnLoop(hub => hub.GetScanout(0)?.Kind));
    }

    /// <summary>Waits until both show the same, which is more than black.</summary>
    private static void AssertSame(Guest guest, StockFirmware stock) => guest.WaitUntil(shown =>
        shown is not null && shown.ToRgb().AsSpan().ContainsAnyExcept((byte)0) && PictureComparison.Compare(shown, stock.Screen).AreEqual);
}
