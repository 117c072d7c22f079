using FbShare.Capture;

namespace FbShare.QemuTests;

/// <summary>Pointers in the viewer's window with a real guest: movements and places, buttons, the pointer's picture.</summary>
public class ViewerInputTests
{
    [ViewerFact]
    public void A_guest_with_a_mouse_takes_movements_once_the_window_has_been_clicked()
    {
        using var guest = new Guest(new GuestOptions { Input = true, Pointer = "virtio-mouse-pci" });
        using var server = new XServer();
        guest.Type("card still --frame 4 &");
        guest.WaitForLine("card: shown");
        using var viewer = new ViewerProcess(server, guest.Display);
        viewer.AssertShows(TestCard.Still(1280, 800, 4), 1280, 800);
        guest.Ask("card evdev", "card: reading");

        // The first click takes the pointer and is not the guest's.
        server.Do("mousemove", "--window", viewer.Window, "600", "300");
        server.Do("click", "1");
        viewer.WaitForTitle("lets go");
        server.Do("mousemove_relative", "--", "7", "-5");
        guest.WaitForEvent(2, 0, 7);
        guest.WaitForEvent(2, 1, -5);
        // BTN_LEFT, BTN_SIDE and BTN_EXTRA of linux/input-event-codes.h.
        foreach ((string button, int code) in ((string, int)[])[("1", 0x110), ("8", 0x113), ("9", 0x114)])
        {
            server.Do("click", button);
            guest.WaitForStroke(code);
        }

        // Let go, the pointer is the host's again.
        server.Do("key", "ctrl+alt+g");
        XServer.WaitUntil(() => !viewer.Title.Contains("lets go", StringComparison.Ordinal), () => $"the title is still '{viewer.Title}'");
        server.Do("mousemove_relative", "11", "11");
        server.Do("key", "b");
        Assert.DoesNotContain(guest.EventsUntil(1, 48, 1), e => e.Contains("type=2 ", StringComparison.Ordinal));
    }

    [ViewerFact]
    public void Of_a_window_that_is_only_looked_at_the_guest_feels_nothing()
    {
        using var guest = new Guest(new GuestOptions { Input = true });
        using var server = new XServer();
        guest.Type("card still --frame 4 &");
        guest.WaitForLine("card: shown");
        using var viewer = new ViewerProcess(server, guest.Display, "--view-only");
        viewer.AssertShows(TestCard.Still(1280, 800, 4), 1280, 800);
        guest.Ask("card evdev", "card: reading");
        Picture before = viewer.Take()!;

        server.Do("mousemove", "--window", viewer.Window, "600", "300");
        server.Do("click", "1");
        server.Do("key", "a");
        server.Do("key", "ctrl+alt+g");
        server.Do("key", "ctrl+alt+h");
        // Hot keys stay, and all that came before this one has been seen to.
        XServer.WaitUntil(() => viewer.Take()?[400, 200] != before[400, 200], () => "the figures do not come");
        Assert.DoesNotContain("lets go", viewer.Title, StringComparison.Ordinal);

        Assert.Equal(0, Cli.Program.Main(["key", "--display", $"unix:{guest.Display}", "b"]));
        List<string> events = guest.EventsUntil(1, 48, 1);
        Assert.True(events.Count == 1, string.Join("\n", events));
    }

    [ViewerFact]
    public void The_guest_s_pointer_is_the_host_s_with_its_hot_spot()
    {
        using var guest = new Guest(new GuestOptions { Input = true });
        using var server = new XServer();
        guest.Ask("card cursor 300 310 --hot 3,4 --frame 6", "card: cursor");
        using var viewer = new ViewerProcess(server, guest.Display);
        server.Do("mousemove", "--window", viewer.Window, "900", "500");
        uint[] expected = [.. Enumerable.Range(0, 64 * 64).Select(i => (x: i % 64, y: i / 64)).Select(p =>
            p.y < 32 ? (p.x < 32 ? 0xFFFF0000 : 0xFF00FF00) : p.x < 32 ? 0 : 0x80000080)];
        XPointer? pointer = null;
        XServer.WaitUntil(
            () => (pointer = XPointer.Read(server)) is { Width: 64, Height: 64, HotX: 3, HotY: 4 } && pointer.Pixels.AsSpan().SequenceEqual(expected),
            () => $"the host's pointer is {pointer}; it said:\n{viewer.Said}");
        // And it is not drawn into the picture as well.
        viewer.AssertShows(TestCard.Still(1280, 800, 6), 1280, 800);
        guest.EndCard();
    }

    [ViewerFact]
    public void What_is_not_seen_is_not_drawn_and_the_guest_flips_on()
    {
        const int Flips = 240;
        using var guest = new Guest(new GuestOptions());
        using var server = new XServer();
        guest.Ask("card still --frame 1", "card: shown");
        using var viewer = new ViewerProcess(server, guest.Display);
        viewer.AssertShows(TestCard.Still(1280, 800, 1), 1280, 800);
        guest.EndCard();
        // As a window manager does with a minimised window.
        server.Do("windowunmap", "--sync", viewer.Window);
        // The X server has done it then, and the viewer may not have been told yet.
        viewer.WaitUntil(() => viewer.Said.Contains("the window cannot be seen", StringComparison.Ordinal), () => "it does not notice");
        guest.Ask($"card flip 3 bar --frames {Flips}", "card: flipped");
        server.Do("windowmap", "--sync", viewer.Window);
        viewer.AssertShows(TestCard.Bar(1280, 800, Flips), 1280, 800);
        guest.EndCard();
        server.Do("windowfocus", viewer.Window);
        server.Do("key", "ctrl+alt+q");
        Assert.Equal(0, viewer.WaitForExit());
        (int drawn, int updates) = viewer.Count();
        // However long the rest took on a busy machine: most of the flips were updates without a frame.
        Assert.True(updates - drawn >= Flips * 3 / 4, $"{drawn} frames were drawn of {updates} updates; it said:\n{viewer.Said}");
    }
}
