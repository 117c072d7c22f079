using System.Diagnostics;
using System.Text.RegularExpressions;
using FbShare.Tests.Confinement;
using Xunit;

namespace FbShare.Tests.Cli;

/// <summary><c>fbshare run</c> with a small program in QEMU's place: what it is given, and that nothing is left behind.</summary>
public sealed class RunTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Qemus_exit_code_is_ours_and_its_arguments_are_complete()
    {
        var (code, output, error) = Run("echo \"$*\"; exit 7", "-m", "512M");
        Assert.True(code == 7, error);
        Assert.StartsWith("-m 512M -object memory-backend-memfd,id=fbshare-mem,size=536870912,share=on", output, StringComparison.Ordinal);
        Assert.Contains($"path={_folder.Path}/fbshare-", output, StringComparison.Ordinal);
        AssertNothingLeft();
    }

    [Fact]
    public void The_sockets_are_there_for_qemu_and_for_nobody_else()
    {
        var (code, output, _) = Run("stat -c '%A %F %n' \"$XDG_RUNTIME_DIR\"/fbshare-*/ \"$XDG_RUNTIME_DIR\"/fbshare-*/*");
        Assert.Equal(0, code);
        Assert.Matches("drwx------ directory .*\nsrw------- socket .*/gpu\nsrw------- socket .*/qmp\n", output);
        AssertNothingLeft();
    }

    [Theory]
    [InlineData("INT", 130)]
    [InlineData("TERM", 143)]
    public void A_signal_ends_qemu_first(string signal, int expected)
    {
        using Process process = Start($"trap 'echo asked; exit 0' TERM; kill -{signal} $PPID; while :; do sleep 0.05; done");
        string output = process.StandardOutput.ReadToEnd();
        Assert.True(process.WaitForExit(TimeSpan.FromSeconds(30)));
        Assert.Equal(expected, process.ExitCode);
        Assert.Equal("asked\n", output);
        AssertNothingLeft();
    }

    [Fact]
    public async Task With_a_log_the_terminal_is_the_guest_s_alone()
    {
        using var folder = new TemporaryFolder();
        string log = folder["log"];
        File.WriteAllText(log, "before\n");
        using Process process = Start($"echo guest; echo QEMU >&2; until grep -q 'shows the screen' {log}; do sleep 0.05; done", ["--log", log, "--verbose"], "-name", "debian");
        Task<string> error = process.StandardError.ReadToEndAsync();
        Assert.Equal("guest\n", await process.StandardOutput.ReadToEndAsync());
        await process.WaitForExitAsync();
        Assert.Equal((0, "QEMU\n"), (process.ExitCode, await error));
        string[] said = File.ReadAllLines(log);
        Assert.Equal("before", said[0]);
        // The keeper's, and the device's.
        Assert.Contains(said, line => line.StartsWith("fbshare: QEMU is process ", StringComparison.Ordinal));
        Assert.Contains("fbshare: fbshare view debian shows the screen", said);
        AssertNothingLeft();
    }

    [Fact]
    public void A_log_that_cannot_be_written_is_named()
    {
        var (code, _, error) = FbShareProgram.Run("run", "--log", "/nowhere/log", "--", "/bin/true");
        Assert.Equal(1, code);
        Assert.Contains("--log /nowhere/log: open(/nowhere/log)", error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_refusal_starts_nothing_and_leaves_nothing()
    {
        var (code, output, error) = Run("echo started", "-object", "memory-backend-ram,id=ram,size=1G", "-machine", "memory-backend=ram");
        Assert.Equal(4, code);
        Assert.Empty(output);
        Assert.Equal("fbshare: the guest's memory 'ram' is a memory-backend-ram, which cannot be shared with fbshare: write -object memory-backend-memfd,id=ram,size=1G,share=on\n", error);
        AssertNothingLeft();
    }

    [Fact]
    public void A_disk_that_is_not_there_is_named()
    {
        var (code, _, error) = Run("echo started", "-drive", "file=/nowhere/disk.qcow2,if=virtio");
        Assert.Equal(1, code);
        Assert.Contains("/nowhere/disk.qcow2 does not exist", error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_qemu_that_is_not_there_is_named()
    {
        var (code, _, error) = FbShareProgram.Run("run", "--", "/nowhere/qemu-system-x86_64");
        Assert.Equal(4, code);
        Assert.Contains("apt install qemu-system-x86", error, StringComparison.Ordinal);
    }

    [NativeProgramFact]
    public void The_keeper_is_confined_as_soon_as_qemu_runs_and_qemu_is_not()
    {
        (int code, string output, string error) = Run(
            "until grep -q 'Seccomp:.2' /proc/$PPID/status; do sleep 0.05; done; grep -h NoNewPrivs /proc/$PPID/status; grep -E 'Seccomp:|NoNewPrivs' /proc/self/status; ulimit -Hn");
        Assert.True(code == 0, error);
        string limit = Regex.Match(File.ReadAllText("/proc/self/limits"), "Max open files +[0-9]+ +([0-9]+)").Groups[1].Value;
        Assert.Equal($"NoNewPrivs:\t1\nNoNewPrivs:\t0\nSeccomp:\t0\n{limit}\n", output);
        AssertNothingLeft();
    }

    [NativeProgramFact]
    public void A_device_can_be_started_again_by_a_confined_keeper()
    {
        (int code, string output, string error) = Run(
            """
            until grep -q 'Seccomp:.2' /proc/$PPID/status; do sleep 0.05; done
            device() { pgrep -P $PPID -f ' serve ' || echo none; }
            before=$(device); kill -9 $before
            until [ "$(device)" != none ] && [ "$(device)" != "$before" ]; do sleep 0.05; done
            echo goes on
            """);
        Assert.True(code == 0, error);
        Assert.Equal("goes on\n", output);
        AssertNothingLeft();
    }

    [NeedsRootFact("chown")]
    public void Qemu_and_the_device_are_the_user_s_that_was_named_and_have_what_they_were_given()
    {
        using (Process chown = Process.Start("chown", ["nobody", _folder.Path]))
        {
            chown.WaitForExit();
        }
        string log = _folder["log"];
        using Process run = Start(
            "id -u; pgrep -u nobody -P $PPID -f ' serve ' >/dev/null && echo device; ls -l /proc/self/fd | grep -c udmabuf; echo \"$*\" | grep -o 'end of it'",
            ["--user", "nobody", "--log", log],
            "-append",
            "end of it");
        Task<string> error = run.StandardError.ReadToEndAsync();
        string output = run.StandardOutput.ReadToEnd();
        run.WaitForExit();
        Assert.Equal("65534\ndevice\n0\nend of it\n", output + error.GetAwaiter().GetResult());
        Assert.True(File.Exists(log));
        File.Delete(log);
        AssertNothingLeft();
    }

    private (int ExitCode, string Output, string Error) Run(string script, params string[] arguments)
    {
        using Process process = Start(script, arguments);
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        Assert.True(process.WaitForExit(TimeSpan.FromSeconds(30)));
        return (process.ExitCode, output, error.GetAwaiter().GetResult());
    }

    /// <summary>Runs fbshare with a script that answers as QEMU 11.1 does and then does <paramref name="script"/>.</summary>
    private Process Start(string script, params string[] arguments) => Start(script, ["--quiet"], arguments);

    /// <inheritdoc cref="Start(string, string[])"/>
    private Process Start(string script, string[] options, params string[] arguments)
    {
        string qemu = _folder["qemu-system-x86_64"];
        File.WriteAllText(qemu, $"""
            #!/bin/sh
            case "$*" in
              -version) echo 'QEMU emulator version 11.1.3 (test)'; exit ;;
              '-device help') echo 'name "vhost-user-test-device-pci", bus PCI'; exit ;;
              '-accel help') printf 'Accelerators supported in QEMU binary:\ntcg\n'; exit ;;
              -help) exit ;;
            esac
            {script}
            """);
        File.SetUnixFileMode(qemu, (UnixFileMode)0b111_101_101);
        var start = new ProcessStartInfo(TestedProgram.Path, ["run", .. options, "--", qemu, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["XDG_RUNTIME_DIR"] = _folder.Path;
        return Process.Start(start)!;
    }

    private void AssertNothingLeft() => Assert.Equal([_folder["qemu-system-x86_64"]], Directory.GetFileSystemEntries(_folder.Path));
}
