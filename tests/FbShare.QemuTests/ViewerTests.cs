using System.Diagnostics;
using FbShare.Capture;
using FbShare.Display;
using FbShare.Memory;
using FbShare.Pictures;

namespace FbShare.QemuTests;

/// <summary>The viewer's window on an X server with a real guest: what it shows, and what the user does in it.</summary>
public class ViewerTests
{
    [ViewerTheory]
    [InlineData("gl")]
    [InlineData("software")]
    public void The_window_shows_the_guest_and_the_guest_feels_the_user(string renderer)
    {
        using var guest = new Guest(new GuestOptions { Input = true });
        using var server = new XServer();
        guest.Ask("card still --follow --frame 17", "card: shown");
        using var viewer = new ViewerProcess(server, guest.Display, "--renderer", renderer);
        viewer.AssertShows(TestCard.Still(1280, 800, 17), 1280, 800);
        viewer.WaitForTitle("1280x800, copy");

        // The window's size becomes the guest's.
        server.Do("windowsize", viewer.Window, "1000", "700");
        Assert.Contains("1000x700", guest.WaitForLine("card: shown"), StringComparison.Ordinal);
        viewer.AssertShows(TestCard.Still(1000, 700, 17), 1000, 700);
        viewer.WaitForTitle("1000x700");
        guest.EndCard();

        // And the guest's the window's: a guest that takes another mode by itself.
        guest.Ask("card mode 1024x768 --frame 18", "card: shown");
        viewer.AssertShows(TestCard.Still(1024, 768, 18), 1024, 768);

        // The figures lie over the picture, and go again.
        server.Do("key", "ctrl+alt+h");
        XServer.WaitUntil(() => viewer.Take() is { } picture && !picture.ToRgb().AsSpan().SequenceEqual(TestCard.Still(1024, 768, 18)), () => "no figures are shown");
        server.Do("key", "ctrl+alt+h");
        viewer.AssertShows(TestCard.Still(1024, 768, 18), 1024, 768);
        guest.EndCard();

        guest.Type("card mode 1024x768 --frame 19 &");
        guest.WaitForLine("card: shown");
        viewer.AssertShows(TestCard.Still(1024, 768, 19), 1024, 768);
        guest.Ask("card evdev", "card: reading");
        Feels(guest, server, viewer);
    }

    [ViewerFact]
    public void The_guest_goes_on_flipping_while_its_viewer_is_killed_and_starts_again()
    {
        using var guest = new Guest(new GuestOptions());
        using var server = new XServer();
        guest.Type("card flip 3 bar --seconds 600 &");
        guest.WaitForLine("card: flipping");
        var pauses = new List<(TimeSpan Before, TimeSpan AtDeath)>();
        for (int i = 0; i < 3; i++)
        {
            using var killed = new ViewerProcess(server, guest.Display);
            killed.WaitForTitle("copy");
            pauses.Add((LongestPause(() => { }), LongestPause(killed.Kill)));
        }
        // The guest waits 50 ms for a frame, and then goes on without. A machine that is busy makes longer pauses by itself: they count for what they
        // were before, and one of three times must be good.
        Assert.True(
            pauses.Exists(p => p.AtDeath < TimeSpan.FromMilliseconds(Math.Max(50, 1.5 * p.Before.TotalMilliseconds))),
            $"the guest stood still for {string.Join(", ", pauses.Select(p => $"{p.AtDeath.TotalMilliseconds:0} ms (before: {p.Before.TotalMilliseconds:0})"))}");

        using var first = new ViewerProcess(server, guest.Display);
        using var second = new ViewerProcess(server, guest.Display);
        guest.Ask("killall card; wait; card flip 3 bar --frames 90", "card: done");
        guest.WaitForLine("card: flipped");
        first.AssertShows(TestCard.Bar(1280, 800, 90), 1280, 800);
        second.AssertShows(TestCard.Bar(1280, 800, 90), 1280, 800);
        guest.EndCard();

        // The longest time between two of the guest's flips, from some before something happens to some after it.
        TimeSpan LongestPause(Action happens)
        {
            var clock = new FlipClock();
            Assert.True(guest.OnLoop(hub => Attach(hub, clock)));
            XServer.WaitUntil(() => clock.Flips > 10, () => "the guest does not flip");
            happens();
            long since = clock.Flips;
            XServer.WaitUntil(() => clock.Flips > since + 20, () => "the guest stopped flipping with its viewer");
            guest.OnLoop(hub => Detach(hub, clock));
            return clock.LongestPause;
        }
    }

    [ViewerTheory]
    [InlineData("gl")]
    [InlineData("software")]
    public void Each_output_has_its_window_and_a_lost_guest_leaves_its_last_picture_greyed(string renderer)
    {
        using var server = new XServer();
        using (var guest = new Guest(new GuestOptions { Outputs = 2 }))
        {
            guest.Type("card multi --frame 40");
            guest.WaitForLine("card: shown output=0");
            guest.WaitForLine("card: shown output=1");
            using var other = new ViewerProcess(server, guest.Display, "--output", "1", "--renderer", renderer);
            other.AssertShows(TestCard.Still(1280, 800, 41), 1280, 800);
            other.WaitForTitle("output 1");
            using var viewer = new ViewerProcess(server, guest.Display, "--output", "0", "--renderer", renderer);
            viewer.AssertShows(TestCard.Still(1280, 800, 40), 1280, 800);

            viewer.AssertSleeps();
            guest.Dispose();
            viewer.WaitForTitle("gone");
            XServer.WaitUntil(() => viewer.Take() is { } picture && IsGreyed(picture), () => "the last picture is not greyed");
            server.Do("windowfocus", viewer.Window);
            server.Do("key", "ctrl+alt+q");
            Assert.Equal(5, viewer.WaitForExit());
            Assert.Contains("the display", viewer.Said, StringComparison.Ordinal);
        }
    }

    [ViewerFact]
    public void Without_a_display_server_or_the_output_it_says_so_in_a_sentence()
    {
        using var guest = new Guest(new GuestOptions { FirmwareOnly = false });
        using var server = new XServer();
        (int code, string said) = Refuse(server.StartInfo(TestedProgram.Path, "view", "--display", $"unix:{guest.Display}", "--output", "7"));
        Assert.Equal((1, "fbshare: there is no output 7: there is 0\n"), (code, said));

        ProcessStartInfo blind = server.StartInfo(TestedProgram.Path, "view", "--display", $"unix:{guest.Display}");
        blind.Environment.Remove("DISPLAY");
        (code, said) = Refuse(blind);
        Assert.Equal(4, code);
        Assert.StartsWith("fbshare: no window can be opened here: ", said, StringComparison.Ordinal);
        Assert.Contains("fbshare dump", said, StringComparison.Ordinal);
        Assert.Single(said.TrimEnd('\n').Split('\n'));

        (code, said) = Refuse(server.StartInfo(TestedProgram.Path, "view", "--display", $"unix:{guest.Display}", "--hotkey", "grab=ctrl+NoSuchKey"));
        Assert.Equal(2, code);
        Assert.Contains("there is no key 'NoSuchKey'", said, StringComparison.Ordinal);
    }

    private static void Feels(Guest guest, XServer server, ViewerProcess viewer)
    {
        // Linux's KEY_A and KEY_RIGHTALT; the other codes are linux/input-event-codes.h's too.
        server.Do("key", "a");
        guest.WaitForStroke(30);
        server.Do("key", "ISO_Level3_Shift");
        guest.WaitForStroke(100);

        server.Do("mousemove", "--window", viewer.Window, "600", "123");
        guest.WaitForPlace(600, 123, 1024, 768);
        server.Do("click", "1");
        guest.WaitForStroke(0x110);
        server.Do("click", "4");
        guest.WaitForEvent(2, 8, 1);
        server.Do("click", "5");
        guest.WaitForEvent(2, 8, -1);

        server.Do("key", "ctrl+alt+g");
        viewer.WaitForTitle("lets go");
        server.Do("key", "ctrl+alt+g");
        server.Do("key", "ctrl+alt+Insert");
        guest.WaitForStroke(111);

        // What is down when the focus goes is let go.
        server.Do("keydown", "shift");
        guest.WaitForEvent(1, 42, 1);
        using var other = new ViewerProcess(server, guest.Display);
        guest.WaitForEvent(1, 42, 0);
        server.Do("keyup", "shift");
    }

    private static bool IsGreyed(Picture picture)
    {
        // The first bar of the card is white.
        byte[] rgb = picture.ToRgb();
        int at = ((100 * picture.Width) + 60) * 3;
        return rgb[at] is > 40 and < 200 && rgb[at] == rgb[at + 1] && rgb[at] == rgb[at + 2];
    }

    private static (int Code, string Said) Refuse(ProcessStartInfo info)
    {
        using Process process = Process.Start(info)!;
        string said = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, said);
    }

    private static bool Attach(DisplayHub hub, FlipClock clock)
    {
        hub.Attach(0, clock);
        return true;
    }

    private static bool Detach(DisplayHub hub, FlipClock clock)
    {
        hub.Detach(0, clock);
        return true;
    }

    /// <summary>Counts flips, and measures the longest time between two.</summary>
    private sealed class FlipClock : IDisplayConsumer
    {
        private long _flips;
        private long _last;

        public long Flips => Volatile.Read(ref _flips);

        public TimeSpan LongestPause { get; private set; }

        public PictureForms Takes(FrameLayout picture) => PictureForms.BufferAnywhere;

        public void Present(in Frame frame)
        {
            long now = Stopwatch.GetTimestamp();
            if (_last != 0 && Stopwatch.GetElapsedTime(_last, now) is var pause && pause > LongestPause)
            {
                LongestPause = pause;
            }
            _last = now;
            Interlocked.Increment(ref _flips);
        }

        public void Disable()
        {
        }

        public void DefineCursor(CursorImage? image)
        {
        }

        public void MoveCursor(CursorPosition position)
        {
        }
    }
}
