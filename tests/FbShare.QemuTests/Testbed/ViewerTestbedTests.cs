using FbShare.Capture;
using FbShare.Cli.Qemu;
using FbShare.Tests.Display;

namespace FbShare.QemuTests.Testbed;

/// <summary>The viewer's window where pictures really can be shared: Mesa's llvmpipe imports dma-bufs under Wayland, and under X11 it does not.</summary>
[Collection(TestbedCollection.Name)]
[Trait("Category", "Testbed")]
public sealed class ViewerTestbedTests
{
    /// <summary>Buffers that a compositor made have the first numbers of its own (wl_buffer of linux-dmabuf, by what WAYLAND_DEBUG says).</summary>
    private const string CompositorsOwn = ".attach(wl_buffer#4278190";

    [ViewerTestbedTheory("cage")]
    [InlineData(false, false)]
    [InlineData(true, true)]
    public void Under_Wayland_the_window_shows_the_guest_s_own_pages(bool pci, bool hugePages)
    {
        using var guest = new DrivenGuest(hugePages: hugePages, pci: pci);
        using var server = new XServer();
        using WaylandServer cage = WaylandServer.Cage(server, DrivenGuest.Width, DrivenGuest.Height);
        byte[] first = TestCard.Still(DrivenGuest.Width, DrivenGuest.Height, 7);
        guest.Show(first);
        using var viewer = new ViewerProcess(cage, guest.Display, "--renderer", "gl");
        viewer.WaitForTitle("1280x800, udmabuf");
        viewer.AssertShows(first, DrivenGuest.Width, DrivenGuest.Height);

        Assert.Equal(0, guest.BytesCopied);
    }

    [ViewerTestbedTheory("cage", "weston")]
    [InlineData("auto")]
    [InlineData("gl")]
    public void A_compositor_that_takes_dma_bufs_is_handed_the_guest_s_own_and_nothing_is_drawn(string renderer)
    {
        using var guest = new DrivenGuest();
        using var server = new XServer();
        using WaylandServer cage = WaylandServer.Cage(server, DrivenGuest.Width, DrivenGuest.Height);
        using WaylandServer weston = WaylandServer.WestonOn(cage, DrivenGuest.Width, DrivenGuest.Height);
        weston.IsTraced = true;
        byte[] card = TestCard.Still(DrivenGuest.Width, DrivenGuest.Height, 7);
        guest.Show(card);
        using var viewer = new ViewerProcess(weston, guest.Display, "--renderer", renderer);
        viewer.WaitUntil(() => viewer.Said.Contains("1280x800, udmabuf, no drawing", StringComparison.Ordinal), () => "the picture is not handed over");
        // Weston draws the pointer into the picture: out of the way with it.
        server.Do("mousemove", "--window", viewer.Window, $"{DrivenGuest.Width - 1}", $"{DrivenGuest.Height - 1}");
        AssertShows(card);

        // The guest paints the same pages anew, and is told when they have been shown.
        guest.Paint(0x00336699);
        AssertShows(Plain(0x33, 0x66, 0x99));
        Assert.Contains(CompositorsOwn, LastAttached(), StringComparison.Ordinal);

        // Something lies over it: now it is drawn, and handed over again when that is gone.
        server.Do("key", "ctrl+alt+h");
        viewer.WaitForPicture(screen => !IsAlike(screen, Plain(0x33, 0x66, 0x99)) && IsAlike(screen, Plain(0x33, 0x66, 0x99), from: 0.6));
        Assert.DoesNotContain(CompositorsOwn, LastAttached(), StringComparison.Ordinal);
        server.Do("key", "ctrl+alt+h");
        AssertShows(Plain(0x33, 0x66, 0x99));
        guest.Paint(0x00996633);
        AssertShows(Plain(0x99, 0x66, 0x33));
        Assert.Contains(CompositorsOwn, LastAttached(), StringComparison.Ordinal);
        Assert.Equal(0, guest.BytesCopied);

        void AssertShows(byte[] rgb) => viewer.WaitForPicture(screen => IsAlike(screen, rgb));

        string LastAttached() => viewer.Said.Split('\n').Last(line => line.Contains(".attach(wl_buffer", StringComparison.Ordinal));
    }

    /// <summary>Whether the guest's picture is on a screen, from some height on, but for the last rows with the pointer.</summary>
    private static bool IsAlike(Picture screen, byte[] rgb, double from = 0)
    {
        Range rows = ((int)(DrivenGuest.Height * from) * DrivenGuest.Width * 3)..((DrivenGuest.Height - 64) * DrivenGuest.Width * 3);
        byte[] shown = screen.ToRgb();
        return shown.Length == rgb.Length && shown.AsSpan(rows).SequenceEqual(rgb.AsSpan(rows));
    }

    private static byte[] Plain(byte r, byte g, byte b)
    {
        var rgb = new byte[DrivenGuest.Width * DrivenGuest.Height * 3];
        for (int i = 0; i < rgb.Length; i += 3)
        {
            (rgb[i], rgb[i + 1], rgb[i + 2]) = (r, g, b);
        }
        return rgb;
    }

    [ViewerTestbedFact("cage")]
    public void A_region_s_window_shows_the_pages_themselves()
    {
        using var picture = new ScatteredPicture();
        using var server = new XServer();
        using WaylandServer cage = WaylandServer.Cage(server, ScatteredPicture.Width, ScatteredPicture.Height);
        byte[] first = picture.Draw(1);
        using var region = new ViewerProcess(cage, [.. picture.Command, "--renderer", "gl"]);
        region.WaitForTitle("320x200, udmabuf");
        region.AssertShows(first, ScatteredPicture.Width, ScatteredPicture.Height);
        region.AssertShows(picture.Draw(2), ScatteredPicture.Width, ScatteredPicture.Height);
    }

    [ViewerTestbedTheory]
    [InlineData("gl", "EGL_EXT_image_dma_buf_import is missing")]
    [InlineData("auto", "the window is drawn without OpenGL (this machine has no GPU)")]
    public void Under_X11_whose_driver_imports_nothing_the_window_shows_a_copy_and_says_why(string renderer, string why)
    {
        using var guest = new DrivenGuest();
        using var server = new XServer();
        byte[] card = TestCard.Still(DrivenGuest.Width, DrivenGuest.Height, 7);
        guest.Show(card);
        using var viewer = new ViewerProcess(server, guest.Display, "--renderer", renderer);
        viewer.WaitForTitle("1280x800, copy");
        viewer.AssertShows(card, DrivenGuest.Width, DrivenGuest.Height);
        Assert.Contains(why, viewer.Said, StringComparison.Ordinal);
    }

    [KmsFact]
    public void On_a_bare_console_the_screen_shows_the_guest_and_keys_and_fingers_reach_it()
    {
        using UserInput keyboard = UserInput.Keyboard();
        using UserInput touch = UserInput.TouchScreen();
        var input = new RecordingSink();
        using var guest = new DrivenGuest(input);
        byte[] card = TestCard.Still(DrivenGuest.Width, DrivenGuest.Height, 7);
        guest.Show(card);
        using var viewer = new ConsoleViewer(guest.Display);
        using var screen = new KmsScreen();
        viewer.WaitUntil(
            () => screen.Read(out int width, out int height) is { } rgb && (width, height) == (DrivenGuest.Width, DrivenGuest.Height) && rgb.AsSpan().SequenceEqual(card),
            () => "the screen shows something else");
        Assert.Contains("KMSDRM", viewer.Said, StringComparison.Ordinal);

        keyboard.Press(30, true);    // KEY_A
        keyboard.Press(30, false);
        keyboard.Press(105, true);   // KEY_LEFT
        keyboard.Press(105, false);
        WaitFor("key 30 down", "key 30 up", "key 203 down", "key 203 up");

        touch.Touch(0, UserInput.Range / 4, UserInput.Range / 2);
        touch.Touch(0, UserInput.Range / 2, UserInput.Range / 4);
        touch.EndTouch(0);
        WaitFor("Begin 0 319,399 of 1280x800", "Update 0 639,199 of 1280x800", "End 0 639,199 of 1280x800");

        // Nothing to do and nobody asks.
        long before = viewer.WakeUps;
        Assert.False(viewer.HasExitedWithin(TimeSpan.FromSeconds(3)), viewer.Said);
        Assert.InRange(viewer.WakeUps - before, 0, 20);

        void WaitFor(params string[] wanted) =>
            viewer.WaitUntil(() => wanted.All(input.Events.Contains), () => $"not all of {string.Join(", ", wanted)} came to the guest, but {string.Join(", ", input.Events)}");
    }

    [ViewerTestbedFact("cage")]
    public void A_stock_QEMU_without_OpenGL_shares_its_surface_and_the_window_shows_it()
    {
        using var stock = new StockFirmware(TestMachine.Qemu, "virtio-vga");
        using var server = new XServer();
        using WaylandServer cage = WaylandServer.Cage(server, 720, 400);
        stock.WaitForText();
        using var viewer = new ViewerProcess(cage, $"{stock.Display}");
        viewer.WaitForTitle("720x400, copy");
        // The text cursor blinks, so one of the next moments has it alike in both pictures.
        viewer.WaitForPicture(window => window.ToRgb().AsSpan().SequenceEqual(stock.Screen.ToRgb()));
    }
}

/// <summary>Runs where there is a real /dev/udmabuf, and windows can be opened and looked at.</summary>
internal sealed class ViewerTestbedTheoryAttribute : TheoryAttribute
{
    /// <param name="programs">What else has to be there.</param>
    public ViewerTestbedTheoryAttribute(params string[] programs) => Skip = ViewerTestbedFactAttribute.Missing(programs) ?? TestbedHost.Missing(TestbedNeeds.HugePages);
}

/// <inheritdoc cref="ViewerTestbedTheoryAttribute"/>
internal sealed class ViewerTestbedFactAttribute : FactAttribute
{
    /// <param name="programs">What else has to be there.</param>
    public ViewerTestbedFactAttribute(params string[] programs) => Skip = Missing(programs);

    public static string? Missing(params string[] programs) =>
        TestbedHost.Missing(TestbedNeeds.Device) ?? TestMachine.Missing(Needs.Blob) ?? ViewerFactAttribute.Missing(programs);
}

/// <summary>Runs on the testbed's own display adapter, where nobody is in the way (tools/testbed --screen).</summary>
internal sealed class KmsFactAttribute : FactAttribute
{
    public KmsFactAttribute() => Skip = Environment.GetEnvironmentVariable("FBSHARE_TESTBED") != "1" ? "no testbed VM: the test takes the screen"
        : !File.Exists(KmsScreen.DevicePath) ? $"no {KmsScreen.DevicePath}"
        : !File.Exists(UserInput.DevicePath) ? $"no {UserInput.DevicePath}"
        : TestMachine.Missing(Needs.Blob);
}
