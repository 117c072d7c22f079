using FbShare.Capture;
using FbShare.Pictures;

namespace FbShare.QemuTests;

/// <summary>What the window offers beside the picture: its menu, the locks of the keyboard, screenshots where users look for them.</summary>
public class ViewerMenuTests
{
    [ViewerTheory]
    [InlineData("gl")]
    [InlineData("software")]
    public void The_menu_does_what_is_chosen_by_keys_or_pointer_and_the_guest_sees_neither(string renderer)
    {
        DirectoryInfo home = Directory.CreateTempSubdirectory("fbshare-home-");
        try
        {
            Directory.CreateDirectory(Path.Combine(home.FullName, ".config"));
            File.WriteAllText(Path.Combine(home.FullName, ".config", "user-dirs.dirs"), "XDG_PICTURES_DIR=\"$HOME/My pictures\"\n");
            using var guest = new Guest(new GuestOptions { Input = true });
            using var server = new XServer();
            guest.Type("card still --frame 4 &");
            guest.WaitForLine("card: shown");
            using var viewer = new ViewerProcess(server, ["view", "--display", $"unix:{guest.Display}", "--renderer", renderer], home.FullName);
            byte[] still = TestCard.Still(1280, 800, 4);
            viewer.AssertShows(still, 1280, 800);
            guest.Ask("card evdev", "card: reading");

            // The third key of the second column is Ctrl+Alt+F3. Codes are linux/input-event-codes.h's.
            Rect panel = OpenMenu(server, viewer, still);
            foreach (string key in (string[])["Right", "Down", "Down", "Return"])
            {
                server.Do("key", key);
            }
            List<string> events = guest.EventsUntil(1, 61, 0);
            Assert.Contains(events, e => e.Contains("type=1 code=29 value=1", StringComparison.Ordinal));
            Assert.Contains(events, e => e.Contains("type=1 code=56 value=1", StringComparison.Ordinal));
            Assert.DoesNotContain(events, e => e.Contains(" code=106 ", StringComparison.Ordinal) || e.Contains(" code=108 ", StringComparison.Ordinal));
            viewer.AssertShows(still, 1280, 800);

            // The third of the first column is a screenshot.
            OpenMenu(server, viewer, still);
            server.Do("mousemove", "--window", viewer.Window, $"{panel.X + 50}", $"{panel.Y + 34 + (2 * 26) + 13}");
            server.Do("click", "1");
            string pictures = Path.Combine(home.FullName, "My pictures");
            string[] files = [];
            viewer.WaitUntil(() => Directory.Exists(pictures) && (files = Directory.GetFiles(pictures, "fbshare-*.png")).Length == 1, () => "no screenshot is in the pictures folder");
            Assert.Equal(still, PngFile.Decode(File.ReadAllBytes(files[0])).ToRgb());
            viewer.AssertShows(still, 1280, 800);

            // A click beside it closes it, as Esc does. The guest has seen no button so far.
            OpenMenu(server, viewer, still);
            server.Do("mousemove", "--window", viewer.Window, "5", "5");
            server.Do("click", "1");
            viewer.AssertShows(still, 1280, 800);
            OpenMenu(server, viewer, still);
            server.Do("key", "Escape");
            viewer.AssertShows(still, 1280, 800);
            server.Do("key", "b");
            Assert.DoesNotContain(guest.EventsUntil(1, 48, 0), e => e.Contains("type=1 code=272 ", StringComparison.Ordinal) || e.Contains("type=1 code=1 ", StringComparison.Ordinal));
        }
        finally
        {
            home.Delete(recursive: true);
        }
    }

    [ViewerFact]
    public void A_lock_that_was_switched_elsewhere_is_switched_in_the_guest_before_its_next_key()
    {
        using var guest = new Guest(new GuestOptions { Input = true });
        using var server = new XServer();
        guest.Type("card still --frame 4 &");
        guest.WaitForLine("card: shown");
        using var viewer = new ViewerProcess(server, guest.Display);
        guest.Ask("card evdev", "card: reading");
        server.Do("key", "a");
        guest.WaitForStroke(30);

        // Caps Lock reaches the guest as any key while the window has the keyboard, and is not sent once more.
        server.Do("key", "Caps_Lock");
        server.Do("key", "b");
        Assert.Equal(2, guest.EventsUntil(1, 48, 1).Count(e => e.Contains("type=1 code=58 ", StringComparison.Ordinal)));

        using (var other = new ViewerProcess(server, guest.Display, "--view-only"))
        {
            server.Do("key", "Caps_Lock");
            server.Do("key", "c");
        }
        server.Do("windowfocus", viewer.Window);
        server.Do("key", "d");
        List<string> events = guest.EventsUntil(1, 32, 1);
        Assert.Equal(2, events.Count(e => e.Contains("type=1 code=58 ", StringComparison.Ordinal)));
        Assert.DoesNotContain(events, e => e.Contains("type=1 code=46 ", StringComparison.Ordinal));
        server.Do("key", "e");
        Assert.DoesNotContain(guest.EventsUntil(1, 18, 1), e => e.Contains("type=1 code=58 ", StringComparison.Ordinal));
    }

    /// <summary>Opens the menu and waits until it is to be seen.</summary>
    /// <returns>Where it lies.</returns>
    private static Rect OpenMenu(XServer server, ViewerProcess viewer, byte[] still)
    {
        server.Do("key", "ctrl+alt+m");
        Rect panel = default;
        viewer.WaitForPicture(picture => !(panel = DifferenceOf(picture, still)).IsEmpty);
        return panel;
    }

    /// <summary>The smallest rectangle around everything that differs.</summary>
    private static Rect DifferenceOf(Picture picture, byte[] still)
    {
        byte[] shown = picture.ToRgb();
        (int left, int top, int right, int bottom) = (int.MaxValue, int.MaxValue, 0, 0);
        for (int i = 0; i < shown.Length; i++)
        {
            if (shown[i] != still[i])
            {
                (int x, int y) = (i / 3 % picture.Width, i / 3 / picture.Width);
                (left, top, right, bottom) = (Math.Min(left, x), Math.Min(top, y), Math.Max(right, x + 1), Math.Max(bottom, y + 1));
            }
        }
        return right == 0 ? default : new Rect(left, top, right - left, bottom - top);
    }
}
