using System.Diagnostics;
using System.Globalization;
using FbShare.Capture;
using FbShare.Cli;
using FbShare.Cli.Qemu;
using FbShare.Linux;
using FbShare.Tests;
using Xunit.Abstractions;

namespace FbShare.QemuTests;

/// <summary>A real guest flips while its device is killed or upgraded, again and again.</summary>
public class KeptGuestTests(ITestOutputHelper output)
{
    /// <summary>SIGUSR2: the next device, please.</summary>
    private const int Upgrade = 12;

    /// <summary>How often; tools/kill-soak asks for a hundred.</summary>
    private static readonly int Times = int.Parse(Environment.GetEnvironmentVariable("FBSHARE_KILLS") ?? "4", CultureInfo.InvariantCulture);

    [QemuFact(Needs.Blob | Needs.Pci)]
    public void A_PCI_guest_goes_on_when_its_device_is_killed() => GoesOn(pci: true, upgrade: false);

    [QemuFact(Needs.Blob | Needs.Pci)]
    public void A_PCI_guest_goes_on_when_its_device_is_upgraded() => GoesOn(pci: true, upgrade: true);

    [QemuFact]
    public void A_vhost_user_guest_goes_on_when_its_device_is_killed() => GoesOn(pci: false, upgrade: false);

    [QemuFact]
    public void A_vhost_user_guest_goes_on_when_its_device_is_upgraded() => GoesOn(pci: false, upgrade: true);

    [ViewerFact]
    public void A_window_shows_the_guest_again_when_its_device_was_killed()
    {
        using var server = new XServer();
        using var kept = new KeptMachine(pci: true);
        using var viewer = new ViewerProcess(server, kept.Display);
        for (uint frame = 1; frame <= 3; frame++)
        {
            kept.Machine.Ask($"card still --frame {frame}", "card: shown");
            viewer.AssertShows(TestCard.Still(1280, 800, frame), 1280, 800);
            kept.Machine.EndCard();
            int device = DeviceOf(kept.Keeper.ProcessId)!.Value;
            _ = ProcessCalls.kill(device, ProcessCalls.SIGKILL);
        }
        kept.Machine.Ask("card still --frame 9", "card: shown");
        viewer.AssertShows(TestCard.Still(1280, 800, 9), 1280, 800);
        Assert.DoesNotContain("gone", viewer.Title, StringComparison.Ordinal);
    }

    private void GoesOn(bool pci, bool upgrade)
    {
        using var kept = new KeptMachine(pci);
        (FbShareProcess keeper, GuestMachine machine, string display, string file) = (kept.Keeper, kept.Machine, kept.Display, kept.File);
        try
        {
            machine.Ask("card flip 2 bar --rate 60 &", "card: flipping");
            Dump(display, file, "--frame", "3");
            string[] keeperHad = [], deviceHad = [];
            var freezes = new List<double>();
            var random = new Random(11);
            for (int i = 0; i < Times; i++)
            {
                int device = DeviceOf(keeper.ProcessId)!.Value;
                // At any moment of the guest's flips.
                Thread.Sleep(random.Next(5, 120));
                var clock = Stopwatch.StartNew();
                _ = ProcessCalls.kill(upgrade ? keeper.ProcessId : device, upgrade ? Upgrade : ProcessCalls.SIGKILL);
                keeper.WaitUntil(() => DeviceOf(keeper.ProcessId) is { } now && now != device, () => "there is no other device");
                // The first frame is what was shown before; the ones after it the guest has drawn since.
                Dump(display, file, "--frame", "3");
                freezes.Add(clock.Elapsed.TotalMilliseconds);
                if (i == 0)
                {
                    keeperHad = Descriptors(keeper.ProcessId);
                    deviceHad = Descriptors(DeviceOf(keeper.ProcessId)!.Value);
                }
            }
            Assert.Equal(keeperHad, Descriptors(keeper.ProcessId));
            Assert.Equal(deviceHad, Descriptors(DeviceOf(keeper.ProcessId)!.Value));
            output.WriteLine(machine.Ask("kill $!; wait", "card: flipped"));
            machine.WaitForLine("card: done");
            freezes.Sort();
            output.WriteLine(
                $"{(pci ? "pci" : "blob")}, {(upgrade ? "upgraded" : "killed")} {Times} times: until the third frame of a new dump process, median {freezes[Times / 2]:0} ms, longest {freezes[^1]:0} ms; "
                + $"descriptors: keeper {keeperHad.Length}, device {deviceHad.Length}, before and after");

            AssertShows(machine, display, file, 5);
            machine.Monitor.Execute("system_reset");
            machine.WaitForLine("fbshare-guest ready");
            AssertShows(machine, display, file, 6);
        }
        finally
        {
            if (Environment.GetEnvironmentVariable("FBSHARE_PICTURES") is { } pictures && File.Exists(file))
            {
                File.Copy(file, Path.Combine(pictures, $"{(pci ? "pci" : "blob")}-{(upgrade ? "upgraded" : "killed")}.png"), overwrite: true);
            }
        }
    }

    private static void AssertShows(GuestMachine machine, string display, string file, uint frame)
    {
        machine.Ask($"card still --frame {frame}", "card: shown");
        Dump(display, file, "--wait-still", "300ms");
        Assert.True(PictureFile.Read(file).ToRgb().AsSpan().SequenceEqual(TestCard.Still(1280, 800, frame)), $"frame {frame} is not shown as it should be: {file}");
        machine.EndCard();
    }

    private static void Dump(string display, string file, params string[] when)
    {
        using var dump = new FbShareProcess(new ProcessStartInfo(TestedProgram.Path, ["dump", "--display", $"unix:{display}", "-o", file, .. when])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        });
        Assert.True(dump.WaitForExit() == 0, dump.Said);
    }

    /// <summary>The keeper's only child; null between two.</summary>
    private static int? DeviceOf(int keeper) =>
        File.ReadAllText($"/proc/{keeper}/task/{keeper}/children").Split(' ') is [{ Length: > 0 } first, ..] ? int.Parse(first, CultureInfo.InvariantCulture) : null;

    private static string[] Descriptors(int process) =>
        [.. ProcessDescriptors.List(process).Where(d => !d.Target.EndsWith(".dll", StringComparison.Ordinal)).Select(d => d.Target.Split('[')[0]).Order(StringComparer.Ordinal)];

    /// <summary>A booted guest whose device has a keeper.</summary>
    private sealed class KeptMachine : IDisposable
    {
        private readonly TemporaryFolder _folder = new("kept");
        private readonly StringWriter _log = new();

        public KeptMachine(bool pci)
        {
            string gpu = _folder["gpu"];
            Display = _folder["display"];
            Keeper = new FbShareProcess(new ProcessStartInfo(
                TestedProgram.Path, ["serve", "--keep", pci ? "--vfio-user" : "--socket-path", gpu, "--display", $"unix:{Display}", .. pci ? (string[])["--boot-rom", TestMachine.VideoBios] : []])
            {
                RedirectStandardError = true,
            });
            Keeper.WaitUntil(() => System.IO.File.Exists(Display), () => "it does not listen");
            var options = new GuestOptions { Gpu = pci ? GpuKind.Pci : GpuKind.Blob };
            Machine = new GuestMachine(options, Guest.Device(options, gpu, _folder.Path), _folder.Path, _log);
            Machine.Boot();
        }

        public FbShareProcess Keeper { get; }

        public GuestMachine Machine { get; }

        /// <summary>The display's socket.</summary>
        public string Display { get; }

        /// <summary>Where a picture may be written.</summary>
        public string File => _folder["screen.png"];

        public void Dispose()
        {
            Machine.Dispose();
            Keeper.Dispose();
            _log.Dispose();
            _folder.Dispose();
        }
    }
}
