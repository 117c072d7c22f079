using System.Diagnostics;
using System.Globalization;
using FbShare.Capture;
using FbShare.Pictures;
using FbShare.Tests.Testing;
using Xunit;
using Xunit.Abstractions;

namespace FbShare.Tests.Cli;

/// <summary>What <c>fbshare wait</c> costs: nothing while the screen is still, and hardly any time when it comes.</summary>
public sealed class WaitCostTests(ITestOutputHelper output) : IDisposable
{
    private const int Rounds = 50;
    private const int Width = 1920;
    private const int Height = 1080;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [NeedsProgramTheory("strace")]
    [InlineData("--match")]
    [InlineData("--changed")]
    public void A_still_screen_costs_no_wake_up(string what)
    {
        using var screen = new ScreenFixture();
        screen.Show(64, 32);
        WriteGolden(64, 32);
        string[] target = what == "--match" ? [what, _folder["golden.png"]] : [what];
        using Process strace = Process.Start(new ProcessStartInfo("strace", ["-f", "-ttt", "-o", _folder["calls"], TestedProgram.Path, "wait", "--display", screen.Address, .. target, "--timeout", "5s"])
        {
            RedirectStandardError = true,
        })!;
        Assert.Contains("5 s", strace.StandardError.ReadToEnd(), StringComparison.Ordinal);
        strace.WaitForExit();
        Assert.Equal(3, strace.ExitCode);
        // Of all threads: process, time, call.
        double[] times = [.. File.ReadLines(_folder["calls"]).Select(line => double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture))];
        double longest = times.Zip(times.Skip(1), (before, after) => after - before).Max();
        output.WriteLine($"{times.Length} system calls, none for {longest:0.00} of 5 s");
        // The runtime's thread pool looks after its threads once more in the first seconds. Looking once a second would leave none of two.
        Assert.InRange(longest, 2, 5.5);
    }

    /// <remarks>Milliseconds differ from machine to machine: what is compared is a process that starts and ends.</remarks>
    [PublishedProgramFact]
    public void A_picture_that_comes_ends_the_wait_within_the_time_of_a_few_processes()
    {
        WriteGolden(Width, Height);
        var ended = new double[Rounds];
        var floor = new double[Rounds];
        for (int i = 0; i < Rounds; i++)
        {
            using var screen = new ScreenFixture();
            ScreenFixture.Surface surface = screen.Show(Width, Height);
            using Process wait = FbShareProgram.Start("wait", "--display", screen.Address, "--match", _folder["golden.png"], "--quiet");
            screen.AwaitViewer();
            AwaitSleep(wait);
            var all = new Rect(0, 0, Width, Height);
            surface.Draw(all, 0x00FFFFFF);
            long begin = Stopwatch.GetTimestamp();
            surface.Flush(all);
            wait.WaitForExit();
            ended[i] = Stopwatch.GetElapsedTime(begin).TotalMilliseconds;
            Assert.Equal(0, wait.ExitCode);

            begin = Stopwatch.GetTimestamp();
            using Process nothing = Process.Start("/bin/true");
            nothing.WaitForExit();
            floor[i] = Stopwatch.GetElapsedTime(begin).TotalMilliseconds;
        }
        Array.Sort(ended);
        Array.Sort(floor);
        output.WriteLine($"flush -> wait --match ended, {Width}x{Height}, {Rounds} rounds: median {ended[Rounds / 2]:0.0} ms, most {ended[^1]:0.0} ms; /bin/true: median {floor[Rounds / 2]:0.0} ms");
        // Ten to forty, of which the device's copy and this one's are most; looking ten times a second would be more than that.
        Assert.InRange(ended[Rounds / 2], 0, 60 * Math.Max(floor[Rounds / 2], 1));
    }

    private void WriteGolden(int width, int height)
    {
        byte[] pixels = new byte[width * height * 4];
        Array.Fill(pixels, (byte)255);
        PictureFile.Write(_folder["golden.png"], new Picture(DrmFormat.XR24, width, height, pixels));
    }

    /// <summary>Waits until every thread of a process has been asleep for ten looks in a row, having done nothing between them.</summary>
    private static void AwaitSleep(Process process)
    {
        (long before, int still) = (-1, 0);
        while (still < 10)
        {
            long now = Directory.GetDirectories($"/proc/{process.Id}/task").Sum(SwitchesOf);
            still = now == before ? still + 1 : 0;
            before = now;
            Thread.Sleep(2);
        }
    }

    private static long SwitchesOf(string thread) => File.ReadLines($"{thread}/status")
        .Where(line => line.Contains("ctxt_switches", StringComparison.Ordinal)).Sum(line => long.Parse(line.Split(':')[1], CultureInfo.InvariantCulture));
}
