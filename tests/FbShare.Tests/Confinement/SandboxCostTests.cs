using System.Diagnostics;
using System.Globalization;
using FbShare.Cli;
using FbShare.Linux;
using FbShare.Rig.Driver;
using FbShare.Tests.Cli;
using FbShare.Tests.Device;
using Xunit.Abstractions;
using static FbShare.Rig.Driver.Commands;

namespace FbShare.Tests.Confinement;

/// <summary>What a device that serves costs inside its sandbox and outside of it (tools/bench-sandbox). Both run at the same time and flip in turn, so that whatever
/// else this machine does meets both.</summary>
public sealed class SandboxCostTests(ITestOutputHelper output)
{
    private const int Rounds = 9, Width = 1920, Height = 1080;

    private static readonly int Flips = int.Parse(Environment.GetEnvironmentVariable("FBSHARE_FLIPS") ?? "500", CultureInfo.InvariantCulture);

    [PublishedProgramFact]
    public void A_flip_inside_the_sandbox_costs_hardly_more_than_one_outside()
    {
        using var free = new FlippedDevice("off");
        using var confined = new FlippedDevice("on");
        var outside = new List<double>();
        var inside = new List<double>();
        for (int i = 0; i < Rounds; i++)
        {
            outside.Add(free.Flip(Flips));
            inside.Add(confined.Flip(Flips));
        }
        double ratio = Median(inside.Zip(outside, (one, other) => one / other));
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{Flips} flips, {Rounds} rounds, medians: {Median(outside):0.00} us of the device's CPU a flip without the sandbox, {Median(inside):0.00} us inside it, ratio {ratio:0.000}"));
        // It makes a tenth of a microsecond for each of a flip's few system calls; what a machine under load adds is more.
        Assert.InRange(ratio, 0, 1.5);
    }

    [PublishedProgramFact]
    public void A_flip_takes_the_same_system_calls_inside_the_sandbox_and_outside()
    {
        double free = CountCalls("off"), confined = CountCalls("on");
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"system calls a flip: {free:0.00} without the sandbox, {confined:0.00} inside it"));
        Assert.InRange(confined, free - 0.5, free + 0.5);
    }

    private static double Median(IEnumerable<double> values) => values.Order().ElementAt(Rounds / 2);

    private static double CountCalls(string sandbox)
    {
        using var device = new FlippedDevice(sandbox);
        device.Flip(100);
        using var folder = new TemporaryFolder();
        // What is attached only now sees nothing of the start.
        using Process strace = Process.Start(new ProcessStartInfo("strace", ["-f", "-qq", "-e", "signal=none", "-o", folder["calls"], "-p", device.Id.ToString(CultureInfo.InvariantCulture)]))!;
        Assert.True(SpinWait.SpinUntil(() => File.Exists(folder["calls"]) && device.IsTraced, TimeSpan.FromSeconds(20)), "strace did not attach");
        const int flips = 500;
        device.Flip(flips);
        _ = ProcessCalls.kill(strace.Id, ProcessCalls.SIGTERM);
        strace.WaitForExit();
        return File.ReadLines(folder["calls"]).Count(line => !line.Contains("<unfinished", StringComparison.Ordinal) && line.Contains('(', StringComparison.Ordinal)) / (double)flips;
    }

    /// <summary>fbshare serve, and a front-end that flips between two pictures.</summary>
    private sealed class FlippedDevice : IDisposable
    {
        private readonly TemporaryFolder _folder = new();
        private readonly Process _process;
        private readonly FrontEndDriver _driver;
        private readonly byte[][] _flips =
        [
            SetScanoutBlob(0, 1, 2, Width, Height, Width * 4), Flush(1, 0, 0, Width, Height, fence: 1),
            SetScanoutBlob(0, 2, 2, Width, Height, Width * 4), Flush(2, 0, 0, Width, Height, fence: 2),
        ];

        public FlippedDevice(string sandbox)
        {
            _process = FbShareProgram.Start("serve", "-q", "--socket-path", _folder["gpu"], "--display", "none", "--unthrottled", "--sandbox", sandbox);
            UnixSocket? socket = null;
            Assert.True(SpinWait.SpinUntil(() => (socket = TryConnect()) is not null || _process.HasExited, TimeSpan.FromSeconds(20)) && socket is not null, "the device did not start");
            _driver = new FrontEndDriver(socket!);
            _driver.Start();
            for (uint i = 1; i <= 2; i++)
            {
                Assert.Equal(Ok, TypeOf(_driver.Request(CreateBlob(i, Width * Height * 4, (QueueDriver.FreeMemory + (i * 16 << 20), Width * Height * 4)))));
            }
            Flip(100);
        }

        /// <summary>The process that serves: root's starts itself again, and is that one then.</summary>
        public int Id => _process.Id;

        public bool IsTraced => File.ReadLines($"/proc/{Id}/status").Any(line => line.StartsWith("TracerPid:", StringComparison.Ordinal) && line.Split('\t')[1] != "0");

        /// <returns>Microseconds of the device's processor time a flip, of all its threads.</returns>
        public double Flip(int times)
        {
            long before = CpuTime();
            for (int i = 0; i < times; i++)
            {
                Assert.Equal(Ok, TypeOf(_driver.Request(_flips[2 * (i & 1)])));
                Assert.Equal(Ok, TypeOf(_driver.Request(_flips[(2 * (i & 1)) + 1])));
            }
            return (CpuTime() - before) / 1e3 / times;
        }

        public void Dispose()
        {
            _driver.Dispose();
            _ = ProcessCalls.kill(_process.Id, ProcessCalls.SIGTERM);
            if (!_process.WaitForExit(TimeSpan.FromSeconds(10)))
            {
                _process.Kill(entireProcessTree: true);
            }
            _process.Dispose();
            _folder.Dispose();
        }

        /// <returns>Null while nobody listens: the socket is there a moment before.</returns>
        private UnixSocket? TryConnect()
        {
            try
            {
                return UnixSocket.Connect(_folder["gpu"]);
            }
            catch (LinuxException e) when (e.Errno is Errno.ENOENT or Errno.ECONNREFUSED)
            {
                return null;
            }
        }

        /// <summary>Nanoseconds.</summary>
        private long CpuTime() => Directory.GetDirectories($"/proc/{Id}/task")
            .Sum(task => long.Parse(File.ReadAllText(Path.Combine(task, "schedstat")).Split(' ')[0], CultureInfo.InvariantCulture));
    }
}
