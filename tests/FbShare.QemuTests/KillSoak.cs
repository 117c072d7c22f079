using System.Diagnostics;
using System.Globalization;
using FbShare.Capture;
using FbShare.Cli;
using FbShare.Linux;
using FbShare.Tests;

namespace FbShare.QemuTests;

/// <summary>A booted guest whose machine goes on when its device dies.</summary>
internal interface IKeptMachine
{
    /// <summary>What it is, in a word.</summary>
    string Kind { get; }

    TestGuest Machine { get; }

    /// <summary>The display's socket.</summary>
    string Display { get; }

    /// <summary>Where a picture may be written.</summary>
    string File { get; }

    /// <summary>The process that is the device now; null between two.</summary>
    int? Device { get; }

    /// <summary>Lets the next device take over.</summary>
    void Upgrade();

    /// <summary>What is kept for the device, in some words that are the same as long as it is the same.</summary>
    string[] Kept();

    void WaitUntil(Func<bool> condition, string otherwise);

    /// <summary>What its devices have said.</summary>
    string Said { get; }
}

/// <summary>Kills or upgrades the device of a flipping guest again and again.</summary>
internal static class KillSoak
{
    /// <summary>How often; tools/kill-soak asks for a hundred.</summary>
    public static int Times { get; } = int.Parse(Environment.GetEnvironmentVariable("FBSHARE_KILLS") ?? "4", CultureInfo.InvariantCulture);

    /// <summary>The guest goes on each time, its picture is right in the end and after a reset of the machine, and no descriptor is left behind.</summary>
    /// <returns>How long its screen stood still, in words.</returns>
    public static string GoesOn(IKeptMachine kept, bool upgrade, int? times = null)
    {
        (TestGuest machine, string file, int count) = (kept.Machine, kept.File, times ?? Times);
        try
        {
            machine.Ask("card flip 2 bar --rate 60 &", "card: flipping");
            Dump(kept, "--frame", "3");
            string[] keeperHad = [], deviceHad = [];
            var freezes = new List<double>();
            var random = new Random(11);
            for (int i = 0; i < count; i++)
            {
                int device = kept.Device!.Value;
                // At any moment of the guest's flips, and not so often that the device is given up (60 deaths in 10 s).
                Thread.Sleep(random.Next(60, 300));
                var clock = Stopwatch.StartNew();
                if (upgrade)
                {
                    kept.Upgrade();
                }
                else
                {
                    _ = ProcessCalls.kill(device, ProcessCalls.SIGKILL);
                }
                kept.WaitUntil(() => kept.Device is { } now && now != device, "there is no other device");
                // The first frame is what was shown before; the ones after it the guest has drawn since.
                Dump(kept, "--frame", "3");
                freezes.Add(clock.Elapsed.TotalMilliseconds);
                if (i == 0)
                {
                    keeperHad = kept.Kept();
                    deviceHad = Descriptors(kept.Device!.Value);
                }
            }
            // A viewer that has just gone may still be counted, then or now.
            kept.WaitUntil(() => HasNoMore(kept.Kept(), keeperHad), "more is kept than before");
            kept.WaitUntil(() => HasNoMore(Descriptors(kept.Device!.Value), deviceHad), "the device has more descriptors than before");
            string flipped = machine.Ask("kill $!; wait", "card: flipped");
            machine.WaitForLine("card: done");
            freezes.Sort();
            AssertShows(kept, 5);
            machine.Monitor.Execute("system_reset");
            machine.WaitForLine("fbshare-guest ready");
            AssertShows(kept, 6);
            return $"{flipped}\n{kept.Kind}, {(upgrade ? "upgraded" : "killed")} {count} times: until the third frame of a new dump process, median {freezes[count / 2]:0} ms, longest {freezes[^1]:0} ms; "
                + $"descriptors: kept {keeperHad.Length}, device {deviceHad.Length}, before and after";
        }
        finally
        {
            if (File.Exists(file) && KeptResults.Find($"{kept.Kind}-{(upgrade ? "upgraded" : "killed")}.png") is { } place)
            {
                File.Copy(file, place, overwrite: true);
            }
        }
    }

    /// <summary>A new picture of the guest's is shown, pixel by pixel.</summary>
    public static void AssertShows(IKeptMachine kept, uint frame)
    {
        kept.Machine.Ask($"card still --frame {frame}", "card: shown");
        Dump(kept, "--wait-still", "300ms");
        Assert.True(PictureFile.Read(kept.File).ToRgb().AsSpan().SequenceEqual(TestCard.Still(1280, 800, frame)), $"frame {frame} is not shown as it should be: {kept.File}");
        kept.Machine.EndCard();
    }

    private static void Dump(IKeptMachine kept, params string[] when)
    {
        using var dump = new FbShareProcess(new ProcessStartInfo(TestedProgram.Path, ["dump", "--display", $"unix:{kept.Display}", "-o", kept.File, .. when])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        });
        Assert.True(dump.WaitForExit() == 0, $"{dump.Said}\nits devices said:\n{kept.Said}");
    }

    private static bool HasNoMore(string[] now, string[] before)
    {
        List<string> more = [.. now];
        Array.ForEach(before, one => more.Remove(one));
        return more.Count == 0;
    }

    /// <summary>A process's descriptors, by what they are.</summary>
    public static string[] Descriptors(int process) =>
        [.. ProcessDescriptors.List(process).Where(d => !d.Target.EndsWith(".dll", StringComparison.Ordinal)).Select(d => d.Target.Split('[')[0]).Order(StringComparer.Ordinal)];
}
