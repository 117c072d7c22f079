using System.Diagnostics;
using System.Text.Json;
using FbShare.Capture;
using FbShare.Cli;
using FbShare.Linux;
using FbShare.Pictures;
using FbShare.Testing.Screens;
using FbShare.Tests.Testing;
using Xunit;

namespace FbShare.Tests.Cli;

/// <summary>Displays that are found by their names, as the program makes and finds them.</summary>
public sealed class NamedDisplayTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<Process> _started = [];
    private string? _said;

    public void Dispose()
    {
        foreach (Process process in _started)
        {
            process.Kill(entireProcessTree: true);
            process.WaitForExit();
            process.Dispose();
        }
        _folder.Dispose();
    }

    [Fact]
    public void A_device_is_listed_by_its_name_and_gone_with_it()
    {
        Process device = Serve("debian");
        Assert.Equal("fbshare: waiting for QEMU at " + _folder["gpu0"] + "; fbshare view debian shows the screen", _said);
        (int code, string output, string error) = Run("list");
        Assert.Equal((0, ""), (code, error));
        string[] lines = output.Split('\n');
        Assert.Matches("^NAME +SIZE +PATH +VIEWERS +PID$", lines[0]);
        Assert.Matches($"^debian +off +- +0 +{device.Id}$", lines[1]);

        using JsonDocument json = JsonDocument.Parse(Run("list", "--json").Output);
        JsonElement only = Assert.Single(json.RootElement.EnumerateArray());
        Assert.Equal("debian", only.GetProperty("name").GetString());
        Assert.Equal($"unix:{_folder["fbshare/debian"]}", only.GetProperty("display").GetString());
        Assert.Equal(device.Id, only.GetProperty("pid").GetInt32());
        Assert.Equal(0, only.GetProperty("viewers").GetInt32());

        Assert.Equal(0, ProcessCalls.kill(device.Id, ProcessCalls.SIGTERM));
        device.WaitForExit();
        Assert.Equal((0, "", "fbshare: no display is running (fbshare run and fbshare serve make one)\n"), Run("list"));
        Assert.Equal("[]\n", Run("list", "--json").Output);
        Assert.False(Directory.Exists(_folder["fbshare"]));
    }

    [Fact]
    public void A_device_that_nobody_named_has_its_process_id_and_only_its_user_can_enter()
    {
        Process device = Serve(null);
        Assert.Contains($"\n{device.Id} ", Run("list").Output, StringComparison.Ordinal);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(_folder["fbshare"]));
    }

    [Fact]
    public void The_keeper_s_process_is_the_one_that_is_told()
    {
        Process keeper = Serve("kept", "--keep");
        using JsonDocument json = JsonDocument.Parse(Run("list", "--json").Output);
        Assert.Equal(keeper.Id, json.RootElement[0].GetProperty("pid").GetInt32());
    }

    [Fact]
    public void A_device_takes_its_name_up_again_after_its_death()
    {
        Process keeper = Serve("kept", "--keep");
        int device = ChildOf(keeper.Id);
        Assert.Equal(0, ProcessCalls.kill(device, ProcessCalls.SIGKILL));
        Assert.Equal("kept", Assert.Single(Names()));
        Assert.NotEqual(device, ChildOf(keeper.Id));
        Assert.Equal(0, ProcessCalls.kill(keeper.Id, ProcessCalls.SIGTERM));
        keeper.WaitForExit();
        Assert.False(Directory.Exists(_folder["fbshare"]));
    }

    [Fact]
    public void A_keeper_that_ends_leaves_no_socket_of_a_device_that_could_not_end_by_itself()
    {
        Process keeper = Serve("kept", "--keep");
        int device = ChildOf(keeper.Id);
        Assert.Equal(0, ProcessCalls.kill(device, 19));
        Assert.Equal(0, ProcessCalls.kill(keeper.Id, ProcessCalls.SIGTERM));
        Assert.Equal(0, ProcessCalls.kill(device, ProcessCalls.SIGKILL));
        keeper.WaitForExit();
        Assert.False(Directory.Exists(_folder["fbshare"]));
    }

    [Fact]
    public void What_a_killed_device_left_is_swept_and_its_name_is_free()
    {
        Process device = Serve("debian");
        device.Kill();
        device.WaitForExit();
        Assert.True(File.Exists(_folder["fbshare/debian"]));
        Assert.Empty(Names());
        Assert.False(File.Exists(_folder["fbshare/debian"]));
        Serve("debian");
        Assert.Equal(["debian"], Names());
    }

    [Fact]
    public void A_name_that_was_asked_for_and_is_taken_is_an_error_and_the_other_display_stays()
    {
        Serve("debian");
        (int code, _, string error) = Run("serve", "--socket-path", _folder["other"], "--display", "debian");
        Assert.Equal((5, "fbshare: a display 'debian' is running already: choose another name with --display\n"), (code, error));
        Assert.Equal(["debian"], Names());
    }

    [Fact]
    public void Two_machines_of_one_name_have_two_displays()
    {
        using var one = new FakeMachine(this, "-name", "guest=two words,debug-threads=on");
        using var other = new FakeMachine(this, "-name", "two words");
        Assert.Equal(["two-words", "two-words-2"], Names());
    }

    [Fact]
    public void No_name_is_taken_where_none_is_wanted()
    {
        Process device = Serve("none");
        Assert.Empty(Names());
        Assert.False(Directory.Exists(_folder["fbshare"]));
        Assert.False(device.HasExited);
    }

    [Fact]
    public void A_folder_that_others_may_enter_is_not_used_and_the_device_runs_without_a_display()
    {
        Directory.CreateDirectory(_folder["fbshare"], (UnixFileMode)0b111_101_101);
        Process device = Serve(null);
        Assert.False(device.HasExited);
        Assert.Contains("is not a folder of this user's that nobody else can enter", Run("serve", "--socket-path", _folder["other"], "--display", "debian").Error, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(_folder["fbshare"]));
    }

    [Fact]
    public async Task Commands_take_a_name_or_the_only_display_and_ask_which_of_several()
    {
        using var screen = new ScreenFixture();
        screen.Show(8, 4);
        Assert.Equal((5, "fbshare: no display is running: start one (fbshare run, fbshare serve), or name one with --display\n"), Failure("hash"));
        Link("debian", screen);

        string line = Run("hash").Output;
        Assert.Matches(@"^\d+ \d+\.\d{6} 0 8x4 XR24 [0-9a-f]{16}\n$", line);
        foreach (string[] words in (string[][])[["hash", "debian"], ["hash", "--display", "debian"], ["hash", "fbshare:debian"], ["hash", "--display=fbshare:debian"]])
        {
            (int code, string output, string error) = Run(words);
            Assert.True(code == 0, error);
            Assert.EndsWith(line[^17..], output, StringComparison.Ordinal);
        }
        Assert.Equal(0, Run("dump", "-o", _folder["a.png"]).ExitCode);
        Assert.Equal(0, Run("wait", "debian", "--match", _folder["a.png"]).ExitCode);
        Assert.Equal(0, Run("match", _folder["a.png"]).ExitCode);
        Assert.Equal(0, Run("match", _folder["a.png"], _folder["a.png"]).ExitCode);
        Assert.Equal(0, Run("record", "debian", "-o", _folder["a.y4m"], "--duration", "100ms").ExitCode);
        Assert.Equal((2, "two displays"), (Failure("hash", "debian", "--display", "fedora") is var (status, said) ? status : 0, said["fbshare: ".Length..][..12]));

        Assert.Matches("(?m)^debian +8x4 +- +0 ", Run("list").Output);
        using GuestDisplay viewer = GuestDisplay.Connect($"unix:{_folder["fbshare/debian"]}");
        await viewer.Screen().CaptureAsync();
        Assert.Matches("(?m)^debian +8x4 +copy +1 ", Run("list").Output);

        using var second = new ScreenFixture();
        second.Show(2, 2);
        Link("fedora", second);
        Assert.Equal((2, "fbshare: several displays are running: choose one with --display: debian, fedora\n"), Failure("hash"));
        Assert.Contains(" 0 2x2 ", Run("hash", "fedora").Output, StringComparison.Ordinal);
        Assert.Equal((5, "fbshare: no display 'arch' is running: there are debian, fedora\n"), Failure("hash", "arch"));
    }

    [Fact]
    public void A_script_runs_on_the_only_display_and_a_step_with_a_file_of_its_own_needs_none()
    {
        using var screen = new ScreenFixture();
        screen.Show(8, 4);
        Link("debian", screen);
        Assert.Equal(0, Run("dump", "-o", _folder["a.png"]).ExitCode);
        File.WriteAllText(_folder["steps"], $"wait --still 10ms\nmatch {_folder["a.png"]}\nmatch {_folder["a.png"]} {_folder["a.png"]}\n");
        (int code, _, string error) = Run("script", _folder["steps"], "--failures", _folder["failures"]);
        Assert.True(code == 0, error);
    }

    [Fact]
    public void A_domain_of_libvirt_is_found_through_virsh()
    {
        string path = Environment.GetEnvironmentVariable("PATH")!;
        Assert.Contains("virsh cannot be started", Run([("PATH", _folder.Path)], "hash", "--display", "libvirt:web").Error, StringComparison.Ordinal);

        Script("virsh", """[ "$1 $2" = 'dumpxml --domain=web' ] || { echo "error: failed to get domain '$2'" >&2; exit 1; }; cat "$0.xml" """);
        (string, string) found = ("PATH", $"{_folder.Path}:{path}");
        Assert.Contains("virsh knows no domain '-x': error: failed to get domain", Run([found], "hash", "--display=libvirt:-x").Error, StringComparison.Ordinal);
        File.WriteAllText(_folder["virsh.xml"], "<domain type='kvm'><devices><graphics type='spice'/></devices></domain>");
        Assert.Contains("has no D-Bus display", Run([found], "hash", "--display", "libvirt:web").Error, StringComparison.Ordinal);
        File.WriteAllText(_folder["virsh.xml"], "<domain type='kvm'><devices><graphics type='dbus' p2p='yes'/></devices></domain>");
        Assert.Contains("p2p='yes'", Run([found], "hash", "--display", "libvirt:web").Error, StringComparison.Ordinal);
        File.WriteAllText(_folder["virsh.xml"], $"<domain type='kvm'><devices><graphics type='spice'/><graphics type='dbus' address='unix:path={_folder["no-bus"]}'/></devices></domain>");
        Assert.Contains($"dbus:unix:path={_folder["no-bus"]}", Run([found], "hash", "--display", "libvirt:web").Error, StringComparison.Ordinal);
        File.WriteAllText(_folder["virsh.xml"], "<graphics type=\"dbus\" address=\"unix:path=/a&amp;b'>\"><gl enable='no'/>");
        Assert.Contains("dbus:unix:path=/a&b'>", Run([found], "hash", "--display", "libvirt:web").Error, StringComparison.Ordinal);
        File.WriteAllText(_folder["virsh.xml"], "<domain <graphics type='dbus' address='x");
        Assert.Contains("has no D-Bus display", Run([found], "hash", "--display", "libvirt:web").Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_device_that_is_stopped_does_not_hold_up_the_list()
    {
        Process device = Serve("asleep");
        Assert.Equal(0, ProcessCalls.kill(device.Id, 19));
        var clock = Stopwatch.StartNew();
        (int code, string output, _) = Run("list");
        Assert.Equal(0, code);
        // Two seconds, and what a busy machine needs. A D-Bus library waits a minute and a half by itself.
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(60));
        Assert.Matches("(?m)^asleep +- +does not answer +- +-$", output);
        Assert.Equal(0, ProcessCalls.kill(device.Id, 18));
    }

    private (int ExitCode, string Output, string Error) Run(params string[] words) => Run([], words);

    private (int ExitCode, string Output, string Error) Run((string, string)[] environment, params string[] words)
    {
        using Process process = FbShareProgram.Start(words, [("XDG_RUNTIME_DIR", _folder.Path), .. environment]);
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        Assert.True(process.WaitForExit(TimeSpan.FromSeconds(30)));
        return (process.ExitCode, output, error.GetAwaiter().GetResult());
    }

    private (int ExitCode, string Error) Failure(params string[] words)
    {
        (int code, _, string error) = Run(words);
        return (code, error.Split('\n')[0] + "\n");
    }

    private string[] Names()
    {
        using JsonDocument json = JsonDocument.Parse(Run("list", "--json").Output);
        return [.. json.RootElement.EnumerateArray().Select(d => d.GetProperty("name").GetString()!)];
    }

    /// <summary>Starts a device and waits until it is ready.</summary>
    private Process Serve(string? display, params string[] more)
    {
        Process device = FbShareProgram.Start(
            ["serve", "--socket-path", _folder[$"gpu{_started.Count}"], .. display is null ? [] : (string[])["--display", display], .. more], ("XDG_RUNTIME_DIR", _folder.Path));
        _started.Add(device);
        do
        {
            // A warning may come first.
            _said = device.StandardError.ReadLine();
        }
        while (_said?.Contains("waiting for QEMU", StringComparison.Ordinal) == false);
        Assert.False(device.HasExited);
        return device;
    }

    /// <summary>A display of this process, under a name.</summary>
    private void Link(string name, ScreenFixture screen)
    {
        Directory.CreateDirectory(_folder["fbshare"], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        File.Move(screen.Address["unix:".Length..], _folder[$"fbshare/{name}"]);
    }

    private void Script(string name, string text)
    {
        File.WriteAllText(_folder[name], $"#!/bin/sh\n{text}\n");
        File.SetUnixFileMode(_folder[name], (UnixFileMode)0b111_000_000);
    }

    private static int ChildOf(int process) => int.Parse(File.ReadAllText($"/proc/{process}/task/{process}/children").Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>An <c>fbshare run</c> with a script in QEMU's place that waits until it is ended.</summary>
    private sealed class FakeMachine : IDisposable
    {
        private readonly Process _process;

        public FakeMachine(NamedDisplayTests tests, params string[] arguments)
        {
            tests.Script("qemu-system-x86_64", """
                case "$*" in
                  -version) echo 'QEMU emulator version 11.1.3 (test)'; exit ;;
                  '-device help') echo 'name "vhost-user-test-device-pci", bus PCI'; exit ;;
                  '-accel help') printf 'Accelerators supported in QEMU binary:\ntcg\n'; exit ;;
                  -help) exit ;;
                esac
                echo started
                exec cat
                """);
            _process = FbShareProgram.Start(["run", "--", tests._folder["qemu-system-x86_64"], .. arguments], ("XDG_RUNTIME_DIR", tests._folder.Path));
            Assert.Equal("started", _process.StandardOutput.ReadLine());
        }

        public void Dispose()
        {
            _process.StandardInput.Close();
            _process.WaitForExit();
            _process.Dispose();
        }
    }
}
