using System.Diagnostics;
using FbShare.Capture;
using FbShare.Tests;

namespace FbShare.QemuTests;

/// <summary>The viewer under Wayland with a real guest.</summary>
public class ViewerWaylandTests
{
    [ViewerTheory("weston")]
    [InlineData("gl", "wayland, llvmpipe")]
    [InlineData("auto", "wayland, no OpenGL: the compositor reads the window's memory (wl_shm)")]
    public void Under_Weston_the_window_shows_the_guest_and_the_guest_feels_the_user(string renderer, string drawn)
    {
        using var guest = new Guest(new GuestOptions { Input = true });
        using var server = new XServer();
        guest.Ask("card still --follow --frame 17", "card: shown");
        using (var weston = WaylandServer.Weston(server, 1000, 700))
        using (var viewer = new ViewerProcess(weston, guest.Display, "--renderer", renderer))
        {
            XServer.WaitUntil(() => viewer.Said.Contains(drawn, StringComparison.Ordinal), () => $"it is drawn in another way; it said:\n{viewer.Said}");
            // The window has the whole screen, and so has the guest.
            Assert.Contains("1000x700", guest.WaitForLine("card: shown"), StringComparison.Ordinal);
            guest.EndCard();

            // The guest's pointer is the host's, by its hot spot, wherever the guest itself thinks that it is.
            guest.Ask("card cursor 300 200 --hot 5,6 --frame 18", "card: cursor");
            server.Do("mousemove", "--window", viewer.Window, "700", "350");
            viewer.AssertShows(TestCard.WithCursor(1000, 700, 18, 695, 344), 1000, 700, tolerance: 1);
            guest.EndCard();
            // Then it has none, and neither has the host here.
            guest.Ask("card still --follow --frame 17", "card: shown");
            viewer.AssertShows(TestCard.Still(1000, 700, 17), 1000, 700);
            viewer.AssertSleeps();
        }

        // Half as many units, each of two by two pixels: the guest has the pixels.
        using (var weston = WaylandServer.Weston(server, 600, 400, scale: 2))
        using (var viewer = new ViewerProcess(weston, guest.Display, "--renderer", renderer))
        {
            Assert.Contains("1200x800", guest.WaitForLine("card: shown"), StringComparison.Ordinal);
            guest.EndCard();
            server.Do("mousemove", "--window", viewer.Window, "700", "350");
            guest.Ask("card cursor 10 10", "card: cursor");
            guest.EndCard();
            guest.Ask("card still --frame 17", "card: shown");
            viewer.AssertShows(TestCard.Still(1200, 800, 17), 1200, 800);
            guest.EndCard();
            guest.Ask("card evdev", "card: reading");
            server.Do("key", "a");
            guest.WaitForStroke(30);
            // SDL tells whole units; the guest's pixel is the one behind the middle of it.
            server.Do("mousemove", "--window", viewer.Window, "600", "246");
            guest.WaitForPlace(601, 247, 1200, 800);
            server.Do("click", "3");
            guest.WaitForStroke(0x111);
        }
    }

    [ViewerFact("weston")]
    public void Without_OpenGL_every_flip_is_seen_and_an_unseen_window_holds_nobody_up()
    {
        const int Flips = 100;
        using var guest = new Guest(new GuestOptions());
        using var server = new XServer();
        using var weston = WaylandServer.Weston(server, 1280, 800);
        using var viewer = new ViewerProcess(weston, guest.Display, "--renderer", "software");
        // The host's pointer, in the last row, covers something of the last ones.
        server.Do("mousemove", "--window", viewer.Window, "640", "799");
        guest.Type("card flip 2 bar --frames 90");
        guest.WaitForLine("card: flipped");
        viewer.WaitForPicture(screen => Shows(screen, 90));
        guest.EndCard();

        // Another window has the whole screen: the compositor asks the first one for no frames.
        using (var other = new ViewerProcess(weston, guest.Display, "--renderer", "software"))
        {
            guest.Ask($"card flip 3 bar --frames {Flips}", "card: flipped");
            other.WaitForPicture(screen => Shows(screen, Flips));
            server.Do("key", "ctrl+alt+q");
            Assert.Equal(0, other.WaitForExit());
        }
        viewer.WaitForPicture(screen => Shows(screen, Flips));
    }

    [ViewerFact("weston")]
    public void Without_OpenGL_the_compositor_draws_only_what_changed()
    {
        const int Flips = 20;
        using var guest = new Guest(new GuestOptions());
        using var server = new XServer();
        using var weston = WaylandServer.Weston(server, 1280, 800);
        weston.IsTraced = true;
        using var viewer = new ViewerProcess(weston, guest.Display, "--renderer", "software");
        // The host's pointer, in the last row, covers something of the last ones.
        server.Do("mousemove", "--window", viewer.Window, "640", "799");
        guest.Ask($"card flip 2 bar --frames {Flips} --rate 10", "card: flipped");
        viewer.WaitForPicture(screen => Shows(screen, Flips));

        string[] damaged = [.. viewer.Said.Split('\n').Where(line => line.Contains(".damage_buffer(", StringComparison.Ordinal))];
        Assert.InRange(damaged.Count(line => line.Contains("(0, 0, 1280, 800)", StringComparison.Ordinal)), 1, Flips / 2);
        Assert.InRange(damaged.Length, Flips, int.MaxValue);
        guest.EndCard();
    }

    [ViewerFact("weston")]
    public void A_compositor_without_a_seat_on_which_SDL_would_crash_is_left_alone_and_said_why()
    {
        const string Socket = "wayland-seatless";
        using var guest = new Guest(new GuestOptions { FirmwareOnly = true });
        using var server = new XServer();
        using var folder = new TemporaryFolder("seatless");
        ProcessStartInfo headless = server.StartInfo("weston", "--backend=headless-backend.so", "--use-pixman", "--no-config", "--idle-time=0", $"--socket={Socket}");
        headless.Environment["XDG_RUNTIME_DIR"] = folder.Path;
        using Process weston = Process.Start(headless)!;
        weston.OutputDataReceived += (_, _) => { };
        weston.ErrorDataReceived += (_, _) => { };
        weston.BeginOutputReadLine();
        weston.BeginErrorReadLine();
        try
        {
            XServer.WaitUntil(() => weston.HasExited || ListeningSocket.IsAt(folder[Socket]), () => "the compositor does not come up");
            Assert.False(weston.HasExited);
            ProcessStartInfo viewer = server.StartInfo(TestedProgram.Path, "view", "--display", $"unix:{guest.Display}", "-v");
            viewer.Environment["XDG_RUNTIME_DIR"] = folder.Path;
            viewer.Environment["WAYLAND_DISPLAY"] = Socket;
            using (var other = new FbShareProcess(viewer))
            {
                other.WaitUntil(() => other.Said.Contains("x11, ", StringComparison.Ordinal), () => "it does not take X11 instead");
            }
            viewer.ArgumentList.Add("--video");
            viewer.ArgumentList.Add("wayland");
            using var refused = new FbShareProcess(viewer);
            Assert.Equal(4, refused.WaitForExit());
            Assert.Contains("no window can be opened here: the Wayland compositor has no seat", refused.Said, StringComparison.Ordinal);
        }
        finally
        {
            weston.Kill();
            weston.WaitForExit();
        }
    }

    [ViewerTheory("weston")]
    [InlineData("gl")]
    [InlineData("software")]
    public void Full_screen_is_the_whole_screen_and_the_same_key_leads_back(string renderer)
    {
        const int Width = 640;
        const int Height = 480;
        using var guest = new Guest(new GuestOptions());
        using var server = new XServer();
        guest.Ask($"card mode {Width}x{Height} --frame 3", "card: shown");
        byte[] card = TestCard.Still(Width, Height, 3);
        using var weston = WaylandServer.Weston(server, Width * 2, Height * 2, shell: "desktop");
        using var viewer = new ViewerProcess(weston, guest.Display, "--scale", "integer", "--filter", "nearest", "--renderer", renderer);
        AssertWindowed();

        server.Do("key", "ctrl+alt+f");
        // The pointer, in the last row, covers something of the last ones.
        server.Do("mousemove", "--window", viewer.Window, $"{Width}", $"{(Height * 2) - 1}");
        var twice = new byte[card.Length * 4];
        for (int i = 0; i < twice.Length; i++)
        {
            (int pixel, int channel) = Math.DivRem(i, 3);
            (int y, int x) = Math.DivRem(pixel, Width * 2);
            twice[i] = card[(((y / 2 * Width) + (x / 2)) * 3) + channel];
        }
        viewer.WaitForPicture(screen => screen.ToRgb().AsSpan().CommonPrefixLength(twice) >= Width * 2 * 3 * ((Height * 2) - 64));

        server.Do("key", "ctrl+alt+f");
        AssertWindowed();
        guest.EndCard();

        void AssertWindowed()
        {
            // On the desktop's panel, where no window is.
            server.Do("mousemove", "--window", viewer.Window, $"{Width}", "10");
            viewer.WaitForPicture(screen => new ScaledPicture(card, Width, Height).IsIn(screen.ToRgb(), screen.Width));
        }
    }

    /// <summary>Whether a screen of 1280 x 800 shows this frame of the card, but for what a pointer in the last row covers.</summary>
    private static bool Shows(Picture screen, uint frame) =>
        screen.ToRgb().AsSpan().CommonPrefixLength(TestCard.Bar(1280, 800, frame)) >= 1280 * 3 * (800 - 64);
}
