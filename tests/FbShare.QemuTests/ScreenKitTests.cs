using System.Diagnostics;
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
    public async Task Six_hundred_flips_are_recorded_once_and_in_order()
    {
        const int flips = 600;
        string file = Path.Combine(Path.GetTempPath(), $"fbshare-flips-{Guid.NewGuid():N}.y4m");
        try
        {
            using var guest = new Guest(new GuestOptions());
            guest.Ask("card still --mode 640x480", "card: shown");
            guest.EndCard();
            await using GuestDisplay display = GuestDisplay.Connect($"unix:{guest.Display}");
            await using ScreenRecorder recorder = await display.Screen().RecordAsync(file, new RecordingOptions { FramesPerSecond = null });
            guest.Ask($"card flip 3 full --mode 640x480 --rate 20 --frames {flips}", "card: flipped");
            // The last one, too, before the picture goes away.
            var clock = Stopwatch.StartNew();
            while (ReadNumber(guest.Take()!.ToRgb(), 640) != flips)
            {
                Assert.True(clock.Elapsed < TimeSpan.FromSeconds(20), "the last flip was not shown");
            }
            RecordingSummary summary = await recorder.StopAsync();
            guest.EndCard();

            Assert.Equal(0, summary.Dropped);
            List<uint> numbers = [.. Numbers(file)];
            // What was there before the first flip, which shows number 0 by setting the mode.
            int first = numbers.LastIndexOf(0);
            Assert.Equal(Enumerable.Range(0, flips + 1).Select(n => (uint)n), numbers[first..].Distinct());
            Assert.Equal(flips + 1, numbers.Count - first);
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
