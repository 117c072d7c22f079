using System.Diagnostics;
using FbShare.Capture;
using FbShare.Input;
using FbShare.Pictures;
using FbShare.Testing.Needles;
using FbShare.Testing.Screens;
using FbShare.Testing.Text;

namespace FbShare.QemuTests.Desktops;

/// <summary>A real desktop as the guest: typed and clicked in with the kit and through our window, and compared with QEMU's own display.</summary>
public abstract class DesktopTests(DesktopPair pair)
{
    /// <summary>Letters that lie elsewhere on a German keyboard, those that only it has, and signs behind AltGr and Shift.</summary>
    private const string German = "zyZY äöüÄÖÜß @€{[]}|~#'";

    /// <summary>Words, numbers and signs as programs write them.</summary>
    private const string Prose = """
        Reading package lists... Done. 17 upgraded, 3 newly installed, 0 to remove.
        The following packages were automatically installed and are no longer required
        Setting up openssh-server (9.2p1) and creating the configuration file
        Filesystem size is 20480 MB, of which 13107 MB are free (64 percent)
        warning: the certificate of this server expires on 14 March 2027
        error: cannot open the display, because nobody is logged in at this terminal
        Please enter your password, or press Escape to use the recovery console
        Address 192.168.122.45 was assigned to the network interface after 12 seconds
        """;

    /// <summary>Where the desktop has nothing but its background.</summary>
    private static readonly (int X, int Y) Background = (40, 640);

    /// <summary>Where the button or the menu's entry is that a click finds by its picture.</summary>
    private protected abstract Rect Button { get; }

    /// <summary>Whether that comes with a right click on the background.</summary>
    private protected virtual bool IsInMenu => true;

    [DesktopFact]
    public async Task What_is_typed_into_its_terminal_is_read_and_looks_the_same_as_on_QEMU_s_own_display()
    {
        DesktopMachine ours = await pair.Ours, stock = await pair.Stock;
        string line = $"clear; echo \"desktop: typed {German}\" | tee /dev/ttyS0";
        foreach (DesktopMachine machine in (DesktopMachine[])[ours, stock])
        {
            await machine.Screen.MoveAsync(Background.X, Background.Y);
            await machine.TypeAsync(line);
            Assert.Equal($"desktop: typed {German}", await machine.Serial.WaitForLineAsync("desktop: typed"));
        }
        await stock.WaitStillAsync();
        Picture dump = stock.ScreenDump();
        Save(dump, "typed.stock");
        Save(await ours.WaitStillAsync(), "typed");
        // Some desktops draw their pointer into the picture, and the two displays put it a pixel apart.
        var pointer = new Rect(Background.X - 20, Background.Y - 20, 60, 60);

        await ours.Screen.WaitForAsync(Needle.OfPicture("QEMU's own display", dump, new NeedleOptions { Masks = [pointer] }), new WaitOptions { Timeout = TimeSpan.FromSeconds(20) });
    }

    [DesktopFact]
    public async Task A_button_is_found_by_its_picture_from_QEMU_s_own_display_and_clicked()
    {
        DesktopMachine ours = await pair.Ours, stock = await pair.Stock;
        if (IsInMenu)
        {
            await stock.Screen.ClickAsync(Background.X, Background.Y, MouseButton.Right);
            // Elsewhere, so that it has to be found.
            await ours.Screen.ClickAsync(Background.X + 17, Background.Y - 29, MouseButton.Right);
        }
        await stock.WaitStillAsync();
        Picture dump = stock.ScreenDump();
        Needle button = Needle.OfPicture("button", dump.Crop(Button));
        Save(dump, "menu.stock");

        ScreenMatch match = await ours.Screen.ClickAsync(button);

        Save(match.Capture.Picture, "menu");
        // The guest's pixels are not the tablet's steps: its pointer may stand one beside.
        Assert.InRange(match.Area!.Value.X - Button.X, IsInMenu ? 16 : 0, IsInMenu ? 18 : 0);
        Assert.InRange(match.Area.Value.Y - Button.Y, IsInMenu ? -30 : 0, IsInMenu ? -28 : 0);
        await ours.Serial.WaitForLineAsync("desktop: clicked");
        if (IsInMenu)
        {
            await stock.Screen.PressAsync("esc");
        }
    }

    [DesktopFact]
    public async Task What_is_typed_and_clicked_in_our_window_under_X_reaches_it_and_the_window_shows_its_screen()
    {
        DesktopMachine ours = await pair.Ours;
        using var server = new XServer();
        using var viewer = new ViewerProcess(server, ours.Display, "--scale", "1:1");
        await UseWindowAsync(ours, server, viewer, "x11");
    }

    [DesktopFact("weston")]
    public async Task What_is_typed_and_clicked_in_our_window_under_Wayland_reaches_it_and_the_window_shows_its_screen()
    {
        DesktopMachine ours = await pair.Ours;
        using var server = new XServer();
        using var weston = WaylandServer.Weston(server, 1280, 800);
        using var viewer = new ViewerProcess(weston, ours.Display, "--scale", "1:1");
        await UseWindowAsync(ours, server, viewer, "wayland");
    }

    [DesktopFact("tesseract")]
    public async Task Its_text_is_read_as_well_as_tesseract_reads_it_three_times_as_large()
    {
        DesktopMachine ours = await pair.Ours;
        await ours.Serial.SendAsync($"cat >/tmp/text <<'END'\n{Prose}\nEND\necho desktop: written");
        await ours.Serial.WaitForLineAsync("desktop: written");
        await ours.Screen.MoveAsync(Background.X, Background.Y);
        await ours.TypeAsync("clear; cat /tmp/text");
        Picture picture = await ours.WaitStillAsync();
        Save(picture, "text");

        ScreenText read = ScreenReader.Read(picture);
        string judge = TesseractOf(picture, percent: 300);

        Assert.False(read.IsExact);
        (int found, int byJudge, int all) = (Found(string.Join(' ', read.Lines.Select(l => l.Text))), Found(judge), Found(Prose));
        string said = $"{pair.Kind}: of {all} words {found} are read, and tesseract itself reads {byJudge}";
        Note("text", $"{said}\n{string.Join('\n', read.Lines.Select(l => l.Text))}");
        Assert.True(found >= byJudge * 0.9 && found >= all * 0.8, said);

        static int Found(string text)
        {
            var left = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).ToList();
            return Prose.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Count(left.Remove);
        }
    }

    /// <summary>What the program reads of a picture that ImageMagick made larger.</summary>
    private static string TesseractOf(Picture picture, int percent)
    {
        string file = Path.Combine(Path.GetTempPath(), $"fbshare-text-{Guid.NewGuid():N}.png");
        try
        {
            PictureFile.Write(file, picture);
            Run("convert", file, "-resize", $"{percent}%", file);
            return Run("tesseract", file, "stdout", "--psm", "11");
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static string Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, errors.Result);
        return output;
    }

    private async Task UseWindowAsync(DesktopMachine ours, XServer server, ViewerProcess viewer, string desk)
    {
        const string Typed = "zyöß#@";
        // The user's keyboard is German, too.
        Assert.NotNull(server.TryRun("setxkbmap", "de"));
        AwayWithThePointer();
        await ours.TypeAsync("clear");
        Picture before = await ours.WaitStillAsync();
        viewer.WaitForPicture(shown => Shows(shown, before));

        server.Do("type", "--delay", "80", $"echo 'desktop: {desk} {Typed}' | tee /dev/ttyS0");
        server.Do("key", "Return");
        Assert.Equal($"desktop: {desk} {Typed}", await ours.Serial.WaitForLineAsync($"desktop: {desk}"));

        if (IsInMenu)
        {
            server.Do("mousemove", "--window", viewer.Window, $"{Background.X}", $"{Background.Y}");
            server.Do("click", "3");
            await ours.WaitStillAsync();
        }
        server.Do("mousemove", "--window", viewer.Window, $"{Button.X + (Button.Width / 2)}", $"{Button.Y + (Button.Height / 2)}");
        server.Do("click", "1");
        await ours.Serial.WaitForLineAsync("desktop: clicked");
        AwayWithThePointer();
        Picture after = await ours.WaitStillAsync();
        Assert.False(PictureComparison.Compare(before, after).AreEqual, "the guest's screen is as before");
        Save(after, desk);
        viewer.WaitForPicture(shown => Shows(shown, after));

        // In Weston's window the user's pointer lies over the picture; and a desktop may draw its own into the picture.
        void AwayWithThePointer() => server.Do("mousemove", "--window", viewer.Window, "640", "790");

        static bool Shows(Picture window, Picture guest) => window.ToRgb().AsSpan().CommonPrefixLength(guest.ToRgb()) >= guest.Width * 3 * (guest.Height - 20);
    }

    /// <summary>Keeps what was found out beside the pictures.</summary>
    private void Note(string name, string text)
    {
        if (KeptResults.Find(NameOf(name, "txt")) is { } file)
        {
            File.WriteAllText(file, text + "\n");
        }
    }

    /// <summary>Keeps a picture for whoever wants to look.</summary>
    private void Save(Picture picture, string name)
    {
        if (KeptResults.Find(NameOf(name, "png")) is { } file)
        {
            PictureFile.Write(file, picture);
        }
    }

    private string NameOf(string name, string ending) => $"{pair.Kind.ToString().ToLowerInvariant()}.{name}.{ending}";
}
