using FbShare.Capture;
using FbShare.Cli.Qemu;
using FbShare.Display;
using FbShare.Pictures;

namespace FbShare.QemuTests;

/// <summary>The device as a whole PCI device over vfio-user: firmware, a real Linux guest, resets.</summary>
public class PciGuestTests
{
    [QemuFact(Needs.Blob | Needs.Pci)]
    public void Pci_guest() => GuestTests.Everything(new GuestOptions());

    [QemuFact(Needs.Blob | Needs.Pci)]
    public void Pci_guest_without_blobs() => GuestTests.Cards(new GuestOptions { NoBlobs = true });

    [QemuFact(Needs.Blob | Needs.Pci)]
    public void Pci_guest_with_5_GiB_in_two_regions() => GuestTests.Cards(new GuestOptions { Memory = "5G" });

    [QemuFact(Needs.Blob | Needs.Pci | Needs.HugePages)]
    public void Pci_guest_in_huge_pages() => GuestTests.Cards(new GuestOptions { HugePages = true });

    [QemuFact(Needs.Blob | Needs.Pci)]
    public void Two_outputs_show_two_frames() => GuestTests.TwoOutputs(new GuestOptions());

    [QemuFact(Needs.Blob | Needs.Pci)]
    public void The_guest_follows_a_resize_while_it_runs() => GuestTests.Resizes(new GuestOptions());

    [QemuFact(Needs.Blob | Needs.Pci)]
    public void Flips_keep_going_through_stop_and_cont() => GuestTests.StopAndCont(new GuestOptions());

    [QemuFact(Needs.Blob | Needs.Pci)]
    public void The_BIOS_s_screen_is_the_one_of_QEMUs_own_Bochs_display_again_after_a_reset()
    {
        using var stock = new StockFirmware(TestMachine.Qemu, "bochs-display,xres=1280,yres=800", bus: null, "-machine", "q35", "-m", "512M");
        using var guest = new Guest(new GuestOptions { FirmwareOnly = true, Bios = true });
        AssertSame(guest, stock);
        Assert.Equal(ScanoutKind.Boot, guest.OnLoop(hub => hub.GetScanout(0)?.Kind));

        guest.Monitor.Execute("system_reset");
        AssertSame(guest, stock);
    }

    [QemuFact(Needs.Blob | Needs.Pci | Needs.Firmware)]
    public void UEFIs_screen_is_the_one_of_QEMUs_own_virtio_gpu()
    {
        using var stock = new StockFirmware(TestMachine.Qemu, "virtio-gpu-pci,xres=1280,yres=800", bus: null, "-machine", "q35", "-m", "512M", "-bios", TestMachine.Firmware);
        using var guest = new Guest(new GuestOptions { FirmwareOnly = true, Patience = TimeSpan.FromMinutes(4) });
        AssertSame(guest, stock);
        Assert.Equal(ScanoutKind.TwoD, guest.OnLoop(hub => hub.GetScanout(0)?.Kind));
    }

    [QemuFact(Needs.Blob | Needs.Pci | Needs.Grub)]
    public void The_boot_loaders_menu_is_the_one_of_QEMUs_own_Bochs_display_and_the_guest_takes_over_from_it()
    {
        using var image = BootImage.OfTestGuest();
        using var stock = new StockFirmware(TestMachine.Qemu, "bochs-display,xres=1280,yres=800", bus: null, "-machine", "q35", "-m", "512M", "-cdrom", image.File);
        using var guest = new Guest(new GuestOptions { BootImage = image.File });
        guest.WaitUntil(shown => shown is not null && HasBar(shown) && PictureComparison.Compare(shown, stock.Screen).AreEqual);

        for (int i = 0; i < 2; i++)
        {
            guest.Press("ret");
            guest.WaitForLine("fbshare-guest ready");
            guest.Ask($"card still --frame {i + 30}", "card: shown");
            guest.AssertShows(TestCard.Still(1280, 800, (uint)i + 30), 1280, 800);
            guest.Monitor.Execute("system_reset");
            guest.WaitUntil(shown => shown is not null && HasBar(shown) && PictureComparison.Compare(shown, stock.Screen).AreEqual);
        }

        // The menu's chosen line is grey from side to side.
        static bool HasBar(Picture picture) => picture.ToRgb().Chunk(3).Count(p => p is [0xaa, 0xaa, 0xaa]) > 600 * 10;
    }

    [QemuFact(Needs.Blob | Needs.Pci | Needs.Grub | Needs.MemoryTest)]
    public void A_guest_without_a_driver_draws_on_the_boot_screen_as_on_QEMUs_own_Bochs_display()
    {
        using BootImage image = BootImage.OfMemoryTest();
        using var stock = new StockFirmware(TestMachine.Qemu, "bochs-display,xres=1280,yres=800", bus: null, "-machine", "q35", "-cdrom", image.File);
        using var guest = new Guest(new GuestOptions { FirmwareOnly = true, Bios = true, Memory = "64M", MoreArguments = ["-cdrom", image.File], Patience = TimeSpan.FromMinutes(4) });
        // The name at the top, the machine and the keys at the bottom: what lies between are figures that change.
        AssertSameParts(guest, stock, new Rect(320, 200, 224, 16), new Rect(320, 568, 640, 32));
        Assert.Equal(ScanoutKind.Boot, guest.OnLoop(hub => hub.GetScanout(0)?.Kind));
    }

    [QemuFact(Needs.Blob | Needs.Pci)]
    public void A_network_card_s_boot_ROM_is_seen_as_on_QEMUs_own_Bochs_display()
    {
        // At the same place for both, as iPXE tells it.
        string[] card = ["-device", "virtio-net-pci,addr=1e.0"];
        using var stock = new StockFirmware(TestMachine.Qemu, "bochs-display,xres=1280,yres=800", bus: null, ["-machine", "q35", "-m", "512M", .. card]);
        using var guest = new Guest(new GuestOptions { FirmwareOnly = true, Bios = true, MoreArguments = card });
        // Its name and its features.
        AssertSameParts(guest, stock, new Rect(0, 256, 1280, 32));
    }

    [QemuTheory(Needs.Blob | Needs.Pci | Needs.TwoD)]
    [InlineData(GpuKind.Pci)]
    [InlineData(GpuKind.Blob)]
    [InlineData(GpuKind.TwoD)]
    public void The_size_that_is_asked_for_is_the_guest_s(GpuKind gpu)
    {
        using var guest = new Guest(new GuestOptions { Gpu = gpu, Size = (1152, 864) });
        guest.Ask("card still --frame 3", "card: shown");
        guest.AssertShows(TestCard.Still(1152, 864, 3), 1152, 864, kind: gpu == GpuKind.TwoD ? ScanoutKind.TwoD : ScanoutKind.Blob);
    }

    /// <summary>Waits until parts of both pictures are the same, and more than one colour.</summary>
    private static void AssertSameParts(Guest guest, StockFirmware stock, params Rect[] parts) => guest.WaitUntil(shown =>
        shown is { Width: 1280, Height: 800 } && stock.Screen is { Width: 1280, Height: 800 } other && Array.TrueForAll(parts, part =>
        {
            byte[] ours = shown.Crop(part).ToRgb();
            return ours.AsSpan().ContainsAnyExcept(ours[0]) && ours.AsSpan().SequenceEqual(other.Crop(part).ToRgb());
        }));

    /// <summary>Waits until both show the same, which is more than black. A text cursor may be lit in one and dark in the other: firmware that
    /// stops leaves it as it blinks at that moment.</summary>
    private static void AssertSame(Guest guest, StockFirmware stock) => guest.WaitUntil(shown =>
        shown is not null && shown.ToRgb().AsSpan().ContainsAnyExcept((byte)0)
        && PictureComparison.Compare(shown, stock.Screen) is { SameSize: true, Area: { Width: <= 8, Height: <= 2 } });
}
