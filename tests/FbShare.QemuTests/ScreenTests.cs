using FbShare.Capture;
using FbShare.Pictures;
using FbShare.Testing.Needles;
using FbShare.Testing.Screens;
using FbShare.Testing.Text;

namespace FbShare.QemuTests;

/// <summary>A real boot, seen through the kit: what each stage says and looks like, and a stage that never comes.</summary>
public sealed class ScreenTests
{
    [QemuFact(Needs.Blob | Needs.Pci | Needs.Grub)]
    public async Task A_boot_is_followed_from_the_firmware_to_the_login_and_a_stage_that_never_comes_explains_itself()
    {
        using var image = BootImage.OfTestGuest();
        using var guest = new Guest(new GuestOptions { BootImage = image.File, DisplayPatience = TimeSpan.FromMinutes(1) });
        await using GuestDisplay display = GuestDisplay.Connect($"unix:{guest.Display}");
        Screen screen = display.Screen();
        var patiently = new WaitOptions { Timeout = TimeSpan.FromMinutes(2) };

        await screen.WaitForAnyAsync([new TextTarget("SeaBIOS"), new TextTarget("Booting from")], patiently);
        ScreenMatch menu = await screen.WaitForAsync("*Test guest", patiently);
        Assert.True(ScreenReader.TryReadConsole(menu.Capture.Picture)!.IsExact);
        // A golden picture of the part that matters: the menu's chosen line.
        Needle chosen = Needle.OfPicture("chosen", menu.Capture.Picture.Crop(menu.Area!.Value));
        ScreenMatch again = await screen.WaitForAsync(chosen, patiently);
        Assert.Equal(menu.Area, again.Area);
        Assert.Equal(1, again.Similarity);

        guest.Press("ret");
        await screen.WaitForAsync("FbShare test guest. Type \"card\" to see what it can show.", patiently);
        guest.WaitForLine("fbshare-guest ready");
        guest.Type("clear >/dev/tty1; setsid getty 0 tty1 linux </dev/tty1 >/dev/tty1 2>&1 &");
        ScreenMatch login = await screen.WaitForAsync("guest login:", patiently);
        Assert.Equal((1280, 800), (login.Capture.Width, login.Capture.Height));
        await screen.WaitStillAsync(TimeSpan.FromMilliseconds(300), patiently);

        await AssertNeverComesAsync(screen, chosen.Picture);
    }

    /// <summary>The menu is gone, so waiting for it fails: with pictures, the place that is most alike, and what the screen was doing.</summary>
    private static async Task AssertNeverComesAsync(Screen screen, Picture gone)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("fbshare-screen-test-");
        try
        {
            ScreenCapture before = await screen.CaptureAsync();
            byte[] pixels = before.Picture.Pixels.ToArray();
            pixels.AsSpan((400 * 5120) + (600 * 4), 64).Fill(0x5A);
            ScreenTarget changed = new NeedleTarget(Needle.OfPicture("changed", new Picture(before.Format, before.Width, before.Height, pixels)));
            ScreenTarget menu = new NeedleTarget(Needle.OfPicture("menu", gone));

            ScreenTimeoutException failure = await Assert.ThrowsAsync<ScreenTimeoutException>(() => screen.WaitForAnyAsync(
                [changed, menu, new TextTarget("Welcome")],
                new WaitOptions { Timeout = TimeSpan.FromSeconds(2), FailureFiles = Path.Combine(folder.FullName, "login.png") }));

            ScreenReport report = failure.Report;
            Assert.Equal(ScreenStateKind.Still, report.State.Kind);
            Assert.Same(changed, report.Closest.Target);
            Assert.Contains("16 pixels differ by up to 90, the first at (600, 400)", failure.Message, StringComparison.Ordinal);
            Assert.Contains("it is nowhere on the screen", failure.Message, StringComparison.Ordinal);
            Assert.Contains("guest login:", failure.Message, StringComparison.Ordinal);
            string[] files = [.. ((string[])["actual", "expected", "diff"]).Select(kind => Path.Combine(folder.FullName, $"login.{kind}.png"))];
            Assert.Equal(files, report.Files);
            Assert.All(files, file => Assert.Contains(file, failure.Message, StringComparison.Ordinal));
            Assert.True(PictureComparison.Compare(PictureFile.Read(files[0]), before.Picture).AreEqual);
            Assert.Equal((0x5A, 0x5A, 0x5A, 255), PictureFile.Read(files[1])[600, 400]);
            Assert.Equal((255, 32, 32, 255), PictureFile.Read(files[2])[615, 400]);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
