using System.Diagnostics;
using FbShare.Capture;
using FbShare.Display.Client;
using FbShare.Pictures;
using FbShare.Testing.Needles;
using FbShare.Testing.Recording;
using FbShare.Testing.Screens;
using FbShare.Testing.Typing;

namespace FbShare.QemuTests;

/// <summary>The kit's keyboard, pointer and recorder on real guests.</summary>
public sealed class ScreenKitTests
{
    /// <summary>Letters that lie elsewhere on a German keyboard, signs behind AltGr and Shift, and one that a dead key makes.</summary>
    private const string Password = "Zy{ß}@€+#ê";

    [GermanConsoleFact]
    public async Task A_login_is_typed_under_a_German_layout_into_a_console_that_has_it()
    {
        using var guest = new Guest(new GuestOptions { Input = true });
        KeyboardLayout german = KeyboardLayout.Load("de");
        // As console-setup does it at boot: xkb's layout for the kernel, and Unicode.
        string keymap = GermanConsoleFactAttribute.MakeKeymap();
        for (int at = 0; at < keymap.Length; at += 512)
        {
            guest.Type($"printf %s '{keymap[at..Math.Min(at + 512, keymap.Length)]}' >>/tmp/keymap");
        }
        guest.Type("base64 -d /tmp/keymap | loadkmap");
        guest.Type($"mkdir -p /etc; touch /etc/group; printf 'anna:%s:0:0::/:/bin/sh\\n' \"$(cryptpw -m sha256 '{Password}')\" >/etc/passwd");
        guest.Type("openvt -c 2 -s -- sh -c 'kbd_mode -u; echo card: ready >/dev/ttyS0; exec login' &");
        guest.WaitForLine("card: ready");

        await using GuestDisplay display = GuestDisplay.Connect($"unix:{guest.Display}");
        Screen screen = display.Screen();
        await screen.WaitStillAsync(TimeSpan.FromSeconds(1));
        await screen.TypeAsync("anna\n", german);
        await screen.WaitStillAsync(TimeSpan.FromSeconds(1));
        await screen.TypeAsync(Password + "\n", german);
        await screen.WaitStillAsync(TimeSpan.FromSeconds(2));
        await screen.TypeAsync("echo card: typed $USER 'äöü?\\|~^' >/dev/ttyS0\n", german);

        Assert.Equal("card: typed anna äöü?\\|~^", guest.WaitForLine("card: typed"));
    }

    [QemuFact]
    public async Task A_button_is_clicked_where_its_needle_is_found()
    {
        using var guest = new Guest(new GuestOptions { Input = true });
        guest.Type("card still --frame 40 &");
        guest.WaitForLine("card: shown");
        guest.Ask("card evdev", "card: reading");
        await using GuestDisplay display = GuestDisplay.Connect($"unix:{guest.Display}");
        Screen screen = display.Screen();
        Picture shown = (await screen.CaptureAsync()).Picture;
        // A part of the pattern that no other part looks like.
        Needle button = Needle.OfPicture("button", shown.Crop(new Rect(700, 600, 41, 21)));

        ScreenMatch match = await screen.ClickAsync(button);

        Assert.Equal((720, 610), match.ClickPoint);
        guest.WaitForPlace(720, 610, 1280, 800);
        guest.WaitForStroke(0x110);
    }

    [QemuFact]
    public async Task Six_hundred_flips_are_recorded_once_and_in_order_and_what_is_missed_is_counted()
    {
        // The first ones pass before the recorder is there.
        const int flips = 680;
        string file = Path.Combine(Path.GetTempPath(), $"fbshare-flips-{Guid.NewGuid():N}.y4m");
        try
        {
            using var guest = new Guest(new GuestOptions());
            await using GuestDisplay display = GuestDisplay.Connect($"unix:{guest.Display}");
            Screen screen = display.Screen();
            guest.Ask($"card flip 3 full --mode 640x480 --rate 20 --frames {flips}", "card: flipping");
            await using ScreenRecorder recorder = await screen.RecordAsync(file, new RecordingOptions { FramesPerSecond = null });
            guest.WaitForLine("card: flipped");
            // The last one, too, before the picture goes away.
            var clock = Stopwatch.StartNew();
            while (ReadNumber(guest.Take()!.ToRgb(), 640) != flips)
            {
                Assert.True(clock.Elapsed < TimeSpan.FromSeconds(20), "the last flip was not shown");
            }
            RemotePictureSource? source = await display.OnLoopAsync(() => screen.Console.Picture?.Source);
            RecordingSummary summary = await recorder.StopAsync();
            guest.EndCard();

            List<uint> numbers = [.. Numbers(file)];
            int first = (int)numbers[0];
            Assert.InRange(first, 0, flips - 600);
            Assert.Equal(flips, (int)numbers[^1]);
            Assert.Equal(numbers.Distinct().Order(), numbers);
            int[] missing = [.. Enumerable.Range(first, flips - first).Where(n => !numbers.Contains((uint)n))];
            // A copied picture holds nobody up: what a busy machine misses is counted. Where the guest's own pages are read, nothing is.
            bool isShared = source == RemotePictureSource.DmaBuf;
            Assert.True(missing.Length <= (isShared ? 0 : summary.Dropped), $"{source}: {string.Join(", ", missing)} are missing and {summary.Dropped} were counted");
            Assert.InRange(missing.Length, 0, flips / 4);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static uint? ReadNumber(byte[] rgb, int width) => TestCard.ReadFrame(rgb, width);

    /// <summary>The number in each picture that has one: from the brightness of its cells.</summary>
    private static IEnumerable<uint> Numbers(string y4m)
    {
        const int width = 640;
        const int size = width * 480;
        using FileStream file = File.OpenRead(y4m);
        ReadLine(file);
        byte[] planes = new byte[size * 3];
        while (file.Position < file.Length)
        {
            ReadLine(file);
            file.ReadExactly(planes);
            byte[] gray = [.. planes.AsSpan(0, width * 32).ToArray().SelectMany(y => (byte[])[y > 128 ? (byte)255 : (byte)0, 0, 0])];
            if (TestCard.ReadFrame(gray, width) is { } number)
            {
                yield return number;
            }
        }

        static void ReadLine(FileStream file)
        {
            while (file.ReadByte() is not ('\n' or -1))
            {
            }
        }
    }
}
