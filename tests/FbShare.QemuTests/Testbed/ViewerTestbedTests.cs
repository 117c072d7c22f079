using FbShare.Cli.Qemu;
using FbShare.Tests.Display;

namespace FbShare.QemuTests.Testbed;

/// <summary>The viewer's window where pictures really can be shared: Mesa's llvmpipe imports dma-bufs under Wayland, and under X11 it does not.</summary>
[Collection(TestbedCollection.Name)]
[Trait("Category", "Testbed")]
public sealed class ViewerTestbedTests
{
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
