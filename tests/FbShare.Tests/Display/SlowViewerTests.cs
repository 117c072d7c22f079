using System.Diagnostics;
using System.Globalization;
using FbShare.Cli;
using FbShare.Linux;
using FbShare.Tests.Cli;
using Xunit;
using Xunit.Abstractions;

namespace FbShare.Tests.Display;

/// <summary>Viewers as processes that are stopped, killed, or read one byte a second: the guest's fences do not wait for them, and another viewer is
/// shown every frame.</summary>
public sealed class SlowViewerTests(ITestOutputHelper output) : IDisposable
{
    private const int Frames = 100;

    /// <summary>The guest's driver stops waiting then (virtgpu_plane.c).</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(50);

    private readonly TemporaryFolder _folder = new();
    private readonly ServedGuest _guest = new();

    public void Dispose()
    {
        _guest.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void A_viewer_that_is_stopped_holds_nobody_up_and_goes_on_when_it_runs_again()
    {
        using Process viewer = StartViewer(out string file);

        Signal(viewer, ProcessCalls.SIGSTOP);
        AssertNobodyWaits("stopped");
        Signal(viewer, ProcessCalls.SIGCONT);

        long before = new FileInfo(file).Length;
        for (var clock = Stopwatch.StartNew(); new FileInfo(file).Length == before;)
        {
            Assert.True(clock.Elapsed < ServedGuest.Patience, "it does not go on");
            _guest.Witness.Draw();
        }
        Signal(viewer, ProcessCalls.SIGTERM);
        Assert.True(viewer.WaitForExit(ServedGuest.Patience));
        Assert.Equal(128 + ProcessCalls.SIGTERM, viewer.ExitCode);
    }

    [Fact]
    public async Task A_viewer_that_stays_stopped_is_dropped_after_its_time_with_a_reason()
    {
        using Process viewer = StartViewer(out _);
        Signal(viewer, ProcessCalls.SIGSTOP);
        try
        {
            string its = string.Create(CultureInfo.InvariantCulture, $"({viewer.Id})");
            for (var clock = Stopwatch.StartNew(); clock.Elapsed < TimeSpan.FromSeconds(7);)
            {
                _guest.Witness.Draw();
            }
            string[] said = [.. (await _guest.End()).Split('\n').Where(line => line.Contains(its, StringComparison.Ordinal))];
            Assert.Contains(said, line => line.Contains("did not answer an update for 5 s", StringComparison.Ordinal));
        }
        finally
        {
            End(viewer);
        }
    }

    [Fact]
    public void A_viewer_that_is_killed_while_it_reads_holds_nobody_up()
    {
        for (int i = 0; i < 3; i++)
        {
            using Process viewer = StartViewer(out _);
            Signal(viewer, ProcessCalls.SIGSTOP);
            // It owes an answer now.
            _guest.Witness.Draw(2);
            Signal(viewer, ProcessCalls.SIGKILL);
            viewer.WaitForExit();
            AssertNobodyWaits("killed");
        }
    }

    [Fact]
    public async Task A_viewer_that_reads_a_byte_a_second_holds_nobody_up_and_is_dropped_after_its_time()
    {
        using UnixSocket client = UnixSocket.Connect(_guest.Display);
        (UnixSocket ours, UnixSocket theirs) = UnixSocket.CreatePair();
        using (ours)
        {
            byte[] call = WireMessage.MethodCall(
                1, "/org/qemu/Display1/Console_0", "org.qemu.Display1.Console", "RegisterListener", "h", WireMessage.Number(0), descriptors: 1);
            client.SendAll([.. WireMessage.Authentication, .. call], [theirs.Descriptor]);
            theirs.Dispose();
            // What the device asks first is answered unread: it has no interfaces, so that whole pictures come in messages.
            ours.SendAll([.. WireMessage.Authentication, .. WireMessage.MethodReply(1, 1, "a{sv}", [0, 0, 0, 0, 0, 0, 0, 0])]);
            using var over = new ManualResetEventSlim();
            Task<int> reader = Task.Run(() =>
            {
                int read = 0;
                Span<byte> one = stackalloc byte[1];
                do
                {
                    read += ours.Receive(one, wait: false) ?? 0;
                }
                while (!over.Wait(TimeSpan.FromSeconds(1)));
                return read;
            });

            AssertNobodyWaits("a byte a second");
            for (var clock = Stopwatch.StartNew(); clock.Elapsed < TimeSpan.FromSeconds(7);)
            {
                _guest.Witness.Draw();
            }
            over.Set();
            Assert.InRange(await reader, 4, 20);
            Assert.Contains("did not answer an update for 5 s", await _guest.End(), StringComparison.Ordinal);
        }
    }

    /// <summary>Draws while somebody does not read. The machine that runs this may be busy, so nine of ten fences count, and that none of them waits for
    /// the reader as long as he takes.</summary>
    private void AssertNobodyWaits(string what)
    {
        TimeSpan[] waits = _guest.Witness.Draw(Frames);
        output.WriteLine($"{what}: {Frames} frames were all seen; fences waited {waits[Frames / 2].TotalMilliseconds:0.00} ms (median), {waits[Frames * 9 / 10].TotalMilliseconds:0.00} (nine of ten), {waits[^1].TotalMilliseconds:0.0} (longest)");
        Assert.True(waits[Frames * 9 / 10] < Longest, $"a fence waited {waits[Frames * 9 / 10]}");
        Assert.True(waits[^1] < TimeSpan.FromSeconds(1), $"a fence waited {waits[^1]}");
    }

    /// <summary>Starts one that writes down every frame, and waits until it does.</summary>
    private Process StartViewer(out string file)
    {
        string name = _folder[Path.GetRandomFileName() + ".y4m"];
        Process viewer = FbShareProgram.Start("record", "--display", $"unix:{_guest.Display}", "-o", name, "--every-flush");
        for (var clock = Stopwatch.StartNew(); !(File.Exists(name) && new FileInfo(name).Length > 0);)
        {
            Assert.True(clock.Elapsed < ServedGuest.Patience && !viewer.HasExited, "the viewer shows nothing");
            _guest.Witness.Draw();
        }
        file = name;
        return viewer;
    }

    private static void Signal(Process process, int signal) => Assert.Equal(0, ProcessCalls.kill(process.Id, signal));

    private static void End(Process process)
    {
        if (!process.HasExited)
        {
            process.Kill();
            process.WaitForExit();
        }
        process.Dispose();
    }
}
