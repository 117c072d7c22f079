using FbShare.Capture;
using FbShare.Cli.Qemu;
using FbShare.Display;

namespace FbShare.QemuTests;

/// <summary>What a real Linux guest draws is what is shown, on every kind of device, QEMU and memory.</summary>
public class GuestTests
{
    [QemuFact]
    public void Blob_guest() => Everything(new GuestOptions { Gpu = GpuKind.Blob });

    [QemuFact(Needs.TwoD)]
    public void TwoD_guest() => Everything(new GuestOptions { Gpu = GpuKind.TwoD });

    [QemuFact(Needs.OlderQemu)]
    public void TwoD_guest_in_qemu_10_0() => Cards(new GuestOptions { Gpu = GpuKind.TwoD, Qemu = TestMachine.OlderQemu });

    [QemuFact(Needs.Blob | Needs.HugePages)]
    public void Blob_guest_in_huge_pages() => Cards(new GuestOptions { Gpu = GpuKind.Blob, HugePages = true });

    [QemuFact]
    public void Blob_guest_with_5_GiB_in_two_regions() => Cards(new GuestOptions { Gpu = GpuKind.Blob, Memory = "5G" });

    [QemuFact]
    public void Two_outputs_show_two_frames() => TwoOutputs(new GuestOptions { Gpu = GpuKind.Blob });

    [QemuFact]
    public void The_guest_follows_a_resize_while_it_runs() => Resizes(new GuestOptions { Gpu = GpuKind.Blob });

    [QemuFact]
    public void Flips_keep_going_through_stop_and_cont() => StopAndCont(new GuestOptions { Gpu = GpuKind.Blob });

    internal static void TwoOutputs(GuestOptions options)
    {
        using var guest = new Guest(options with { Outputs = 2 });
        guest.Type("card multi --frame 40");
        guest.WaitForLine("card: shown output=0");
        guest.WaitForLine("card: shown output=1");
        guest.AssertShows(TestCard.Still(1280, 800, 40), 1280, 800, output: 0);
        guest.AssertShows(TestCard.Still(1280, 800, 41), 1280, 800, output: 1);
        guest.EndCard();

        guest.Type("card multi --clone --frame 50");
        guest.WaitForLine("card: shown output=1");
        guest.AssertShows(TestCard.Still(1280, 800, 50), 1280, 800, output: 0);
        guest.AssertShows(TestCard.Still(1280, 800, 50), 1280, 800, output: 1);
        guest.EndCard();
    }

    internal static void Resizes(GuestOptions options)
    {
        using var guest = new Guest(options);
        guest.Ask("card still --follow --frame 3", "card: shown");
        guest.AssertShows(TestCard.Still(1280, 800, 3), 1280, 800);

        foreach ((int width, int height) in ((int, int)[])[(1024, 768), (1366, 768), (1920, 1080)])
        {
            Assert.True(guest.OnLoop(hub => hub.Source!.Resize(0, width, height)));
            string shown = guest.WaitForLine("card: shown");
            Assert.Contains($"{width}x{height}", shown, StringComparison.Ordinal);
            guest.AssertShows(TestCard.Still(width, height, 3), width, height);
        }
        guest.EndCard();
    }

    internal static void StopAndCont(GuestOptions options)
    {
        using var guest = new Guest(options);
        guest.Ask("card flip 3 full --frames 400", "card: flipping");
        for (int i = 0; i < 5; i++)
        {
            guest.Monitor.Execute("stop");
            Picture? held = guest.Take();
            Assert.NotNull(TestCard.ReadFrame(held!.ToRgb(), held.Width));
            guest.Monitor.Execute("cont");
        }
        guest.WaitForLine("card: flipped");
        guest.AssertShows(TestCard.Full(1280, 800, 400), 1280, 800);
        guest.EndCard();
    }

    [QemuFact(Needs.TwoD | Needs.Firmware)]
    public void The_firmwares_screen_is_shown_and_forwarded_to_qemus_own_display()
    {
        using var guest = new Guest(new GuestOptions { Gpu = GpuKind.TwoD, FirmwareOnly = true });
        string own = Path.Combine(Path.GetTempPath(), $"fbshare-screendump-{Guid.NewGuid():N}.ppm");
        try
        {
            // The firmware draws its logo and then its menus; it stands still in the end.
            guest.WaitUntil(shown =>
            {
                if (shown is null || !shown.ToRgb().AsSpan().ContainsAnyExcept((byte)0))
                {
                    return false;
                }
                return PictureComparison.Compare(shown, guest.Monitor.TakeScreen(own)).AreEqual;
            });
        }
        finally
        {
            File.Delete(own);
        }
    }

    [QemuFact]
    public void The_dump_command_writes_what_the_guest_shows()
    {
        using var guest = new Guest(new GuestOptions());
        guest.Ask("card still --frame 77 --mode 1024x768", "card: shown");
        string file = Path.Combine(Path.GetTempPath(), $"fbshare-dump-{Guid.NewGuid():N}.png");
        try
        {
            Assert.Equal(0, Cli.Program.Main(["dump", "--display", $"unix:{guest.Display}", "-o", file, "--wait-still", "300ms"]));
            Picture picture = PictureFile.Read(file);
            Assert.Equal((1024, 768), (picture.Width, picture.Height));
            Assert.True(picture.ToRgb().AsSpan().SequenceEqual(TestCard.Still(1024, 768, 77)));
        }
        finally
        {
            File.Delete(file);
        }
    }

    internal static void Cards(GuestOptions options)
    {
        using var guest = new Guest(options);
        Cards(guest, options);
    }

    internal static void Everything(GuestOptions options)
    {
        using var guest = new Guest(options);
        Assert.True(guest.Take()!.ToRgb().AsSpan().ContainsAnyExcept((byte)0), "the console shows nothing");
        Cards(guest, options);

        guest.Monitor.Execute("stop");
        guest.Monitor.Execute("cont");
        guest.Ask("card still --frame 9", "card: shown");
        guest.AssertShows(TestCard.Still(1280, 800, 9), 1280, 800, kind: Kind(options));
        guest.EndCard();

        for (int i = 0; i < 2; i++)
        {
            guest.Monitor.Execute("system_reset");
            guest.WaitForLine("fbshare-guest ready");
            guest.Ask($"card still --frame {i + 20}", "card: shown");
            guest.AssertShows(TestCard.Still(1280, 800, (uint)i + 20), 1280, 800, kind: Kind(options));
            guest.EndCard();
        }
        Assert.DoesNotContain("guest broke", guest.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("guest: ", guest.Log, StringComparison.Ordinal);
    }

    private static ScanoutKind Kind(GuestOptions options) => options.NoBlobs || options.Gpu == GpuKind.TwoD ? ScanoutKind.TwoD : ScanoutKind.Blob;

    private static void Cards(Guest guest, GuestOptions options)
    {
        ScanoutKind kind = Kind(options);
        guest.Ask("card still --frame 305419896", "card: shown");
        guest.AssertShows(TestCard.Still(1280, 800, 305419896), 1280, 800, kind: kind);
        guest.EndCard();

        guest.Ask("card mode 1366x768 --frame 5", "card: shown");
        guest.AssertShows(TestCard.Still(1366, 768, 5), 1366, 768, kind: kind);
        guest.EndCard();

        guest.Ask("card still --mode 640x480 --at 37,21 --frame 6", "card: shown");
        guest.AssertShows(TestCard.Still(640, 480, 6), 640, 480, kind: kind);
        guest.EndCard();

        guest.Ask("card dirty 4711 --frame 7", "card: dirty output=0 rect=7");
        guest.AssertShows(TestCard.Dirty(1280, 800, 7, 4711), 1280, 800, kind: kind);
        guest.EndCard();

        guest.Ask("card flip 2 bar --frames 61", "card: flipped");
        guest.AssertShows(TestCard.Bar(1280, 800, 61), 1280, 800, kind: kind);
        guest.EndCard();

        guest.Ask("card flip 3 full --frames 40 --frame 100 --mode 1024x768", "card: flipped");
        guest.AssertShows(TestCard.Full(1024, 768, 140), 1024, 768, kind: kind);
        guest.EndCard();

        guest.Ask("card cursor 300 310 --frame 8", "card: cursor");
        guest.AssertShows(TestCard.WithCursor(1280, 800, 8, 300, 310), 1280, 800, kind: kind, cursor: true);
        guest.Ask("move -17 770", "card: cursor");
        guest.AssertShows(TestCard.WithCursor(1280, 800, 8, -17, 770), 1280, 800, kind: kind, cursor: true);
        guest.EndCard();
    }
}
