using System.Diagnostics;
using System.Text.Json;
using FbShare.Cli.Qemu;
using FbShare.Linux;
using FbShare.Qemu;

namespace FbShare.QemuTests;

/// <summary>A machine whose screen is in fbshare cannot be migrated, whoever says so: QEMU by itself, or the program, as QEMU does not know it of a
/// vfio-user device.</summary>
public sealed class MigrationTests : IDisposable
{
    private readonly TemporaryFolder _folder = new("migration");

    public void Dispose() => _folder.Dispose();

    [QemuTheory(Needs.Blob | Needs.TwoD)]
    [InlineData(false, "non-migratable device")]
    [InlineData(true, "vhost-user backend lacks VHOST_USER_PROTOCOL_F_LOG_SHMFD")]
    public void QEMU_refuses_it_with_a_vhost_user_device_and_says_why(bool twoD, string why)
    {
        using var guest = new Guest(new GuestOptions { Gpu = twoD ? GpuKind.TwoD : GpuKind.Blob, FirmwareOnly = true, Bios = true, Memory = "64M" });

        QemuException refused = Assert.Throws<QemuException>(() => Migrate(guest.Monitor));

        Assert.Contains(why, refused.Message, StringComparison.Ordinal);
        Assert.Equal("running", StatusOf(guest.Monitor, "query-status"));
    }

    [QemuFact(Needs.Pci)]
    public void The_program_cancels_it_with_a_whole_PCI_device_and_the_machine_runs_on()
    {
        string monitor = _folder["qmp"];
        using var machine = new FbShareProcess(new ProcessStartInfo(
            TestedProgram.Path,
            ["run", "--device", "pci", "--verbose", "--", TestMachine.Qemu, .. TestMachine.Accelerator, "-m", "64M", "-serial", "none", "-monitor", "none", "-qmp", $"unix:{monitor},server=on,wait=off"])
        { RedirectStandardError = true, RedirectStandardInput = true });
        QmpClient? connected = null;
        machine.WaitUntil(() => (connected = TryConnect(monitor)) is not null, () => "QEMU does not run");
        using QmpClient qemu = connected!;
        machine.WaitUntil(() => StatusOf(qemu, "query-status") == "running" && IsGuarded(qemu), () => "the program does not guard the machine");

        Migrate(qemu);

        machine.WaitUntil(() => StatusOf(qemu, "query-migrate") == "cancelled", () => $"the migration is {StatusOf(qemu, "query-migrate")}");
        machine.WaitUntil(() => machine.Said.Contains("a migration is cancelled (shut the guest down", StringComparison.Ordinal), () => "nothing is said of it");
        Assert.Equal("running", StatusOf(qemu, "query-status"));
        qemu.Execute("quit");
        Assert.Equal(0, machine.WaitForExit());
    }

    private static void Migrate(QmpClient qemu) => qemu.Execute("migrate", json => json.WriteString("uri", "exec:cat >/dev/null"));

    private static string? StatusOf(QmpClient qemu, string command) => qemu.Execute(command).TryGetProperty("status", out JsonElement status) ? status.GetString() : null;

    /// <summary>Whether the program has asked QEMU to tell of migrations.</summary>
    private static bool IsGuarded(QmpClient qemu) => qemu.Execute("query-migrate-capabilities").EnumerateArray()
        .Any(one => one.GetProperty("capability").GetString() == "pause-before-switchover" && one.GetProperty("state").GetBoolean());

    private static QmpClient? TryConnect(string path)
    {
        try
        {
            return QmpClient.Connect(path);
        }
        catch (Exception e) when (e is QemuException or LinuxException)
        {
            return null;
        }
    }
}
