using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using FbShare.Capture;
using FbShare.Cli;
using FbShare.Linux;
using FbShare.Rig.Driver;
using FbShare.Tests.Cli;
using static FbShare.Rig.Driver.Commands;

namespace FbShare.Tests.Confinement;

/// <summary>The sandbox around the program as it is shipped.</summary>
public sealed class SandboxTests : IDisposable
{
    private static readonly string[] Free =
        ["open a file", "make a file", "look at a path", "make a network socket", "make a local socket", "signal another process", "make code", "get hold of another process"];

    private static readonly string[] Confined =
    [
        .. Free, "start a program", "fork", "clone without a thread", "connect", "trace another process", "read another process's memory", "load a BPF program", "use io_uring", "use keys",
        "handle page faults", "mount", "make namespaces", "remove a file", "type into a terminal",
    ];

    private readonly TemporaryFolder _folder = new();
    private readonly List<Process> _started = [];

    public void Dispose()
    {
        foreach (Process device in _started)
        {
            if (!device.HasExited)
            {
                device.Kill(entireProcessTree: true);
            }
            device.Dispose();
        }
        _folder.Dispose();
    }

    [NativeProgramFact]
    public void Inside_nothing_that_an_attacker_wants_can_be_done_by_any_thread()
    {
        (int exitCode, string output, string error) = FbShareProgram.Run("probe", "--sandbox-trial", "confined");

        Assert.True(exitCode == 0, output + error);
        Assert.Equal(Outcomes(Confined, "refused"), output.Split('\n')[1..^1]);
    }

    [Fact]
    public void Outside_the_same_attempts_succeed()
    {
        (int exitCode, string output, _) = FbShareProgram.Run("probe", "--sandbox-trial", "free");

        Assert.Equal(1, exitCode);
        Assert.Equal(Outcomes(Free, "done"), output.Split('\n')[1..^1]);
    }

    [NativeProgramFact]
    public void Every_thread_of_a_device_is_confined_and_so_is_its_helper()
    {
        // Debuggers are let in as usual, not as in the other tests.
        Process device = Serve(["--display", $"unix:{_folder["display"]}"], ("DOTNET_EnableDiagnostics", "1"));

        int helper = ChildOf(device.Id);
        // It is a process of its own, which the device does not wait for.
        Assert.True(SpinWait.SpinUntil(() => Status($"/proc/{helper}", "Seccomp") == "2", TimeSpan.FromSeconds(10)));
        foreach (string task in Directory.GetDirectories($"/proc/{device.Id}/task").Concat(Directory.GetDirectories($"/proc/{helper}/task")))
        {
            Assert.Equal("2", Status(task, "Seccomp"));
            Assert.Equal("1", Status(task, "NoNewPrivs"));
            // Of root's, only the one for files of others may be left, to threads that can open none.
            Assert.Equal(0UL, Capabilities(task, "CapEff") & ~2UL);
            Assert.Equal(0UL, Capabilities(task, "CapBnd") & (Environment.UserName == "root" ? ~2UL : 0));
        }
        Assert.Equal(0UL, Capabilities($"/proc/{device.Id}", "CapPrm"));
        string limit = Regex.Match(File.ReadAllText($"/proc/{device.Id}/limits"), "Max open files +[0-9]+ +([0-9]+)").Groups[1].Value;
        Assert.InRange(int.Parse(limit, CultureInfo.InvariantCulture), 1, 65536);
        Assert.Empty(Directory.GetFiles(Path.GetTempPath(), $"dotnet-diagnostic-{device.Id}-*"));
        Stop(device);
        Assert.True(SpinWait.SpinUntil(() => !Directory.Exists($"/proc/{helper}"), TimeSpan.FromSeconds(10)));
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void Without_a_sandbox_a_device_is_one_process_with_all_its_rights()
    {
        Process device = Serve("--sandbox", "off");

        Assert.Equal(Status("/proc/self", "Seccomp"), Status($"/proc/{device.Id}", "Seccomp"));
        Assert.Equal(Status("/proc/self", "CapEff"), Status($"/proc/{device.Id}", "CapEff"));
        Assert.Equal("", File.ReadAllText($"/proc/{device.Id}/task/{device.Id}/children"));
        Stop(device);
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [NativeProgramFact]
    public void A_keeper_is_confined_as_far_as_it_can_be()
    {
        Process keeper = Serve("--keep");

        Assert.Equal("2", Status($"/proc/{keeper.Id}", "Seccomp"));
        Assert.Equal("1", Status($"/proc/{keeper.Id}", "NoNewPrivs"));
        Assert.Equal(0UL, Capabilities($"/proc/{keeper.Id}", "CapEff") & ~2UL);
        Stop(keeper);
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [NeedsRootFact("chown")]
    public void A_device_of_root_becomes_the_user_that_was_named()
    {
        Run("chown", "nobody", _folder.Path);
        Process device = Serve("--user", "nobody", "--display", $"unix:{_folder["display"]}");

        foreach (string task in Directory.GetDirectories($"/proc/{device.Id}/task"))
        {
            Assert.Equal(["65534", "65534", "65534", "65534"], Status(task, "Uid").Split('\t'));
            Assert.Equal(["65534", "65534", "65534", "65534"], Status(task, "Gid").Split('\t'));
            Assert.Equal("65534", Status(task, "Groups"));
            Assert.Equal(0UL, Capabilities(task, "CapPrm") | Capabilities(task, "CapBnd"));
        }
        Stop(device);
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Theory]
    [InlineData("png")]
    [InlineData("webp")]
    [InlineData("jpg")]
    [InlineData("ppm")]
    [InlineData("raw")]
    public void A_confined_device_writes_pictures_of_every_kind(string ending)
    {
        string picture = _folder[$"picture.{ending}"];
        Process device = Serve("--dump-to", picture, "--dump-when", "frame:1", "--scale", "50%");
        using var driver = new FrontEndDriver(UnixSocket.Connect(_folder["gpu"]));
        ShowPicture(driver);

        Assert.StartsWith($"{picture}: 32x24", device.StandardOutput.ReadLine(), StringComparison.Ordinal);
        Assert.Equal((32, 24), (PictureFile.Read(picture).Width, PictureFile.Read(picture).Height));
        Stop(device);
    }

    [FullDiskFact]
    public void A_full_disk_leaves_the_old_picture_says_one_sentence_and_the_machine_goes_on()
    {
        string disk = _folder["disk"];
        Directory.CreateDirectory(disk);
        Run("mount", "-t", "tmpfs", "-o", "size=16k", "none", disk);
        try
        {
            string picture = $"{disk}/picture.ppm";
            File.WriteAllText(picture, "old");
            Process device = Serve("--dump-to", picture, "--dump-when", "frame:1", "--once");
            using (var driver = new FrontEndDriver(UnixSocket.Connect(_folder["gpu"])))
            {
                ShowPicture(driver, width: 640, height: 480);

                string? line = device.StandardError.ReadLine();
                while (line?.Contains("cannot", StringComparison.Ordinal) == false)
                {
                    line = device.StandardError.ReadLine();
                }
                Assert.Equal($"fbshare: cannot write {picture}: the disk is full; free some space or choose another folder", line);
                Assert.Equal(["old"], Directory.GetFiles(disk).Select(File.ReadAllText));
                Assert.Equal(Ok, TypeOf(driver.Request(Flush(1, 0, 0, 640, 480))));
            }
            Assert.True(device.WaitForExit(TimeSpan.FromSeconds(20)));
            Assert.Equal(1, device.ExitCode);
            Assert.DoesNotContain("disk", device.StandardError.ReadToEnd(), StringComparison.Ordinal);
        }
        finally
        {
            Run("umount", disk);
        }
    }

    [Fact]
    public void A_sandbox_that_cannot_be_whole_is_refused_where_it_must_be()
    {
        (int exitCode, _, string error) = FbShareProgram.Run("run", "--keep", "off", "--sandbox", "on", "--", "qemu-system-x86_64");
        Assert.Equal(2, exitCode);
        Assert.Contains("--sandbox on cannot be had with --keep off", error, StringComparison.Ordinal);

        (exitCode, _, error) = FbShareProgram.Run("serve", "--user", "nobody-of-this-name", "--socket-path", _folder["gpu"]);
        Assert.Equal(2, exitCode);
        Assert.Contains("there is no such user", error, StringComparison.Ordinal);
    }

    private static string[] Outcomes(string[] attempts, string outcome) =>
        [.. attempts.Select(a => $"{a}: {outcome}"), .. attempts.Select(a => $"other thread: {a}: {outcome}")];

    private static void ShowPicture(FrontEndDriver driver, uint width = 64, uint height = 48)
    {
        driver.Start();
        Assert.Equal(Ok, TypeOf(driver.Request(CreateBlob(1, width * height * 4, [(0x10000, width * height * 4)]))));
        Assert.Equal(Ok, TypeOf(driver.Request(SetScanoutBlob(0, 1, 2, width, height, width * 4))));
        Assert.Equal(Ok, TypeOf(driver.Request(Flush(1, 0, 0, width, height))));
    }

    private static void Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(program, arguments);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }

    private static int ChildOf(int process) =>
        int.Parse(Regex.Match(File.ReadAllText($"/proc/{process}/task/{process}/children"), "^[0-9]+").Value, CultureInfo.InvariantCulture);

    private static string Status(string task, string line) =>
        File.ReadLines($"{task}/status").Single(l => l.StartsWith($"{line}:", StringComparison.Ordinal))[(line.Length + 1)..].Trim();

    private static ulong Capabilities(string task, string line) => ulong.Parse(Status(task, line), NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    /// <summary>Starts a device and waits until it is there; it says so once it is confined.</summary>
    private Process Serve(params string[] options) => Serve(options, []);

    private Process Serve(string[] options, params ReadOnlySpan<(string Name, string Value)> environment)
    {
        Process device = FbShareProgram.Start(["serve", "--socket-path", _folder["gpu"], .. options], environment);
        _started.Add(device);
        string? line = device.StandardError.ReadLine();
        while (line?.Contains("waiting for QEMU", StringComparison.Ordinal) == false)
        {
            line = device.StandardError.ReadLine();
        }
        Assert.True(line is not null, "it ended");
        return device;
    }

    private static void Stop(Process device)
    {
        _ = ProcessCalls.kill(device.Id, ProcessCalls.SIGTERM);
        Assert.True(device.WaitForExit(TimeSpan.FromSeconds(10)));
        Assert.Equal(143, device.ExitCode);
    }
}

/// <summary>A fact about the native program, which FBSHARE_PROGRAM names (tools/test.sh sees to it).</summary>
public sealed class NativeProgramFactAttribute : FactAttribute
{
    public NativeProgramFactAttribute() => Skip = Environment.GetEnvironmentVariable("FBSHARE_PROGRAM") is null ? "FBSHARE_PROGRAM: the native program" : null;
}
