using System.Globalization;
using FbShare.Cli.Qemu;
using FbShare.Linux;
using FbShare.Tests;
using Xunit.Abstractions;

namespace FbShare.QemuTests;

/// <summary>A real guest whose device is a service of a real systemd, which keeps what the next device needs: with the unit files as they are installed.</summary>
public class ServiceGuestTests(ITestOutputHelper output)
{
    [ServiceFact]
    public void A_guest_goes_on_when_systemd_starts_its_device_again()
    {
        using var service = new ServiceMachine(isOfUser: false);
        output.WriteLine(KillSoak.GoesOn(service, upgrade: false));
        service.AssertConfined();
    }

    [ServiceFact]
    public void A_guest_goes_on_when_its_device_s_service_is_restarted_with_another_program()
    {
        using var service = new ServiceMachine(isOfUser: false);
        output.WriteLine(KillSoak.GoesOn(service, upgrade: true));
    }

    [ServiceFact]
    public void A_guest_of_a_user_s_service_goes_on_when_its_device_is_killed_and_upgraded()
    {
        using var service = new ServiceMachine(isOfUser: true);
        output.WriteLine(KillSoak.GoesOn(service, upgrade: false, 2));
        output.WriteLine(KillSoak.GoesOn(service, upgrade: true, 2));
    }

    [ServiceFact]
    public void A_service_that_is_stopped_keeps_nothing_and_can_be_started_for_the_next_machine()
    {
        using var systemd = new Systemd(isOfUser: false);
        systemd.Control("start", "fbshare@m.socket");
        for (int i = 0; i < 2; i++)
        {
            using (UnixSocket.Connect(Path.Combine(systemd.RunFolder, "fbshare", "m", "gpu")))
            {
                XServer.WaitUntil(() => systemd.Control("show", "--property=ActiveState", "--value", "fbshare@m.service") == "active", () => systemd.Said);
                XServer.WaitUntil(() => StoredBy(systemd) > 0, () => systemd.Said);
            }
            systemd.Control("stop", "fbshare@m.service");
            Assert.Equal(0, StoredBy(systemd));
            Assert.Equal("success", systemd.Control("show", "--property=Result", "--value", "fbshare@m.service"));
        }
    }

    internal static int StoredBy(Systemd systemd) =>
        int.Parse(systemd.Control("show", "--property=NFileDescriptorStore", "--value", "fbshare@m.service"), CultureInfo.InvariantCulture);
}

/// <summary>A test with a real systemd, and a guest; skipped, and says so, where something for that is missing.</summary>
internal sealed class ServiceFactAttribute : FactAttribute
{
    public ServiceFactAttribute() => Skip = TestMachine.Missing(Needs.Pci) ?? Systemd.Missing;
}

/// <summary>A booted guest whose device is a service.</summary>
internal sealed class ServiceMachine : IKeptMachine, IDisposable
{
    private const string Unit = "fbshare@m.service";

    private readonly TemporaryFolder _folder = new("service");
    private readonly Systemd _systemd;
    private readonly bool _isOfUser;

    public ServiceMachine(bool isOfUser, TimeSpan? patience = null)
    {
        _isOfUser = isOfUser;
        _systemd = new Systemd(isOfUser);
        // A user's service listens itself; for a service of the system systemd does, and QEMU's connection starts it.
        string gpu = Path.Combine(_systemd.RunFolder, isOfUser ? "fbshare-m" : "fbshare/m", "gpu");
        _systemd.Control("start", isOfUser ? Unit : "fbshare@m.socket");
        Display = Path.Combine(_systemd.RunFolder, "fbshare", isOfUser ? "m" : "m/display");
        var options = new GuestOptions { Gpu = GpuKind.Pci };
        options = patience is { } more ? options with { Patience = more } : options;
        Machine = new TestGuest(options, Guest.Device(options, gpu, _folder.Path), () => Said);
    }

    public string Kind => _isOfUser ? "user service" : "service";

    public TestGuest Machine { get; }

    public string Display { get; }

    public string File => _folder["screen.png"];

    public int? Device => _systemd.Device;

    public string Said => _systemd.Said;

    public void Upgrade()
    {
        _systemd.ReplaceProgram();
        _systemd.Control("restart", Unit);
    }

    /// <summary>How many descriptors systemd holds for it.</summary>
    public string[] Kept() => [.. Enumerable.Repeat("descriptor", ServiceGuestTests.StoredBy(_systemd))];

    public void WaitUntil(Func<bool> condition, string otherwise) => XServer.WaitUntil(condition, () => $"{otherwise}: {_systemd.Said}");

    /// <summary>What the unit file asks for, and what the device does itself, is in force; and systemd finds nothing wrong with either.</summary>
    public void AssertConfined()
    {
        Assert.Contains("sandbox: ", _systemd.Said, StringComparison.Ordinal);
        Assert.DoesNotContain("no system call filter", _systemd.Said, StringComparison.Ordinal);
        string[] status = System.IO.File.ReadAllLines($"/proc/{Device}/status");
        foreach (string line in (string[])["NoNewPrivs:\t1", "CapEff:\t0000000000000000", "CapBnd:\t0000000000000000", "Seccomp:\t2"])
        {
            Assert.Contains(line, status);
        }
        Assert.DoesNotContain(status, l => l.StartsWith("Uid:\t0", StringComparison.Ordinal));
        Assert.Equal(0, _systemd.Run("systemd-analyze", ["verify", Unit], out string said));
        Assert.Equal("", said);
        // Its measure of how much a service may do, from 0 to 100.
        Assert.True(_systemd.Run("systemd-analyze", ["security", "--offline=true", "--threshold=15", "--no-pager", Unit], out said) == 0, said);
    }

    public void Dispose()
    {
        Machine.Dispose();
        _systemd.Dispose();
        _folder.Dispose();
    }
}
