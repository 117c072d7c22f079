using System.Diagnostics;
using System.Globalization;
using FbShare.Cli;
using FbShare.Cli.Qemu;
using FbShare.Linux;
using FbShare.Tests;
using Xunit.Abstractions;

namespace FbShare.QemuTests;

/// <summary>A real guest flips while its device is killed or upgraded, again and again.</summary>
public class KeptGuestTests(ITestOutputHelper output)
{
    [QemuFact(Needs.Blob | Needs.Pci)]
    public void A_PCI_guest_goes_on_when_its_device_is_killed() => GoesOn(pci: true, upgrade: false);

    [QemuFact(Needs.Blob | Needs.Pci)]
    public void A_PCI_guest_goes_on_when_its_device_is_upgraded() => GoesOn(pci: true, upgrade: true);

    [QemuFact]
    public void A_vhost_user_guest_goes_on_when_its_device_is_killed() => GoesOn(pci: false, upgrade: false);

    [QemuFact]
    public void A_vhost_user_guest_goes_on_when_its_device_is_upgraded() => GoesOn(pci: false, upgrade: true);

    /// <summary>QEMU by itself waits for 5 s, and never understands the device again.</summary>
    [QemuFact(Needs.Blob | Needs.Pci)]
    public void A_PCI_guest_goes_on_when_its_device_was_stopped_for_seconds()
    {
        using var kept = new KeptMachine(pci: true);
        kept.Machine.Ask("card flip 2 bar --rate 60 &", "card: flipping");
        int device = kept.Device!.Value;
        Assert.Equal(0, ProcessCalls.kill(device, ProcessCalls.SIGSTOP));
        // The time itself is what is tried: the guest's next kick, a 60th of a second away, waits for it.
        Thread.Sleep(TimeSpan.FromSeconds(7));
        Assert.Equal(0, ProcessCalls.kill(device, ProcessCalls.SIGCONT));
        kept.Machine.Ask("kill $!; wait", "card: flipped");
        kept.Machine.WaitForLine("card: done");
        KillSoak.AssertShows(kept, 5);
        Assert.Equal(device, kept.Device);
    }

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
            _ = ProcessCalls.kill(kept.Device!.Value, ProcessCalls.SIGKILL);
        }
        kept.Machine.Ask("card still --frame 9", "card: shown");
        viewer.AssertShows(TestCard.Still(1280, 800, 9), 1280, 800);
        Assert.DoesNotContain("gone", viewer.Title, StringComparison.Ordinal);
    }

    private void GoesOn(bool pci, bool upgrade)
    {
        using var kept = new KeptMachine(pci);
        output.WriteLine(KillSoak.GoesOn(kept, upgrade));
    }

    /// <summary>A booted guest whose device has a keeper.</summary>
    private sealed class KeptMachine : IKeptMachine, IDisposable
    {
        /// <summary>SIGUSR2: the next device, please.</summary>
        private const int UpgradeSignal = 12;

        private readonly TemporaryFolder _folder = new("kept");
        private readonly FbShareProcess _keeper;

        public KeptMachine(bool pci)
        {
            Kind = pci ? "pci" : "blob";
            string gpu = _folder["gpu"];
            Display = _folder["display"];
            _keeper = new FbShareProcess(new ProcessStartInfo(
                TestedProgram.Path, ["serve", "--keep", pci ? "--vfio-user" : "--socket-path", gpu, "--display", $"unix:{Display}", .. pci ? (string[])["--boot-rom", TestMachine.VideoBios] : []])
            {
                RedirectStandardError = true,
            });
            _keeper.WaitUntil(() => ListeningSocket.IsAt(gpu), () => "it does not listen");
            var options = new GuestOptions { Gpu = pci ? GpuKind.Pci : GpuKind.Blob };
            Machine = new TestGuest(options, Guest.Device(options, gpu, _folder.Path), () => Said);
        }

        public string Kind { get; }

        public TestGuest Machine { get; }

        public string Display { get; }

        /// <summary>The keeper's only child.</summary>
        public int? Device =>
            System.IO.File.ReadAllText($"/proc/{_keeper.ProcessId}/task/{_keeper.ProcessId}/children").Split(' ') is [{ Length: > 0 } first, ..] ? int.Parse(first, CultureInfo.InvariantCulture) : null;

        public string File => _folder["screen.png"];

        public void Upgrade() => _ = ProcessCalls.kill(_keeper.ProcessId, UpgradeSignal);

        public string Said => _keeper.Said;

        public string[] Kept() => KillSoak.Descriptors(_keeper.ProcessId);

        public void WaitUntil(Func<bool> condition, string otherwise) => _keeper.WaitUntil(condition, () => otherwise);

        public void Dispose()
        {
            Machine.Dispose();
            _keeper.Dispose();
            _folder.Dispose();
        }
    }
}
