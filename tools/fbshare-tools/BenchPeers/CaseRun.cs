using System.Diagnostics;
using System.Globalization;

namespace FbShare.Tools.BenchPeers;

/// <summary>One run of a case: its processes, in a folder of their own.</summary>
internal sealed class CaseRun(PeerCase peer, PeerSettings settings, PeerPrograms programs) : IAsyncDisposable
{
    private const int WarmUpSeconds = 4;

    /// <summary>Where QEMU takes the keys that somebody types in a guest with a desktop.</summary>
    private const string KeyboardSocket = "keyboard";

    private const double NanosecondsPerMicrosecond = 1e3;
    private const double NanosecondsPerMillisecond = 1e6;
    private const string LatencyMark = ": the last ";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("fbshare-peers.");
    private readonly List<CaseProcess> _processes = [];
    private IWindowScreen? _screen;

    /// <summary>Starts everything, lets the guest flip, and measures.</summary>
    /// <exception cref="ToolException">Something did not work.</exception>
    public async Task<PeerRow> MeasureAsync(CancellationToken stop)
    {
        if (peer.HasWindow)
        {
            XScreen screen = await XScreen.WaitForAsync(Start(Role.X, XScreen.Server), stop);
            _screen = peer.Setting == PeerSetting.WaylandWindow
                ? await WaylandScreen.WaitForAsync(Start(Role.X, WaylandScreen.Server(screen, _folder.FullName)), screen, _folder.FullName, stop)
                : screen;
        }
        if (peer.Device is { } device)
        {
            await StartDeviceAsync(device, stop);
        }
        CaseProcess qemu = StartQemu();
        var console = new GuestConsole(qemu);
        using TypingWork? typing = settings.Desktop is null ? null : new TypingWork(console, settings, Path.Combine(_folder.FullName, KeyboardSocket));
        IGuestWork guest = typing is null ? new CardWork(console, settings, peer.OnlyComputes) : typing;
        if (typing is null)
        {
            await guest.WaitForBootAsync(stop);
        }
        else if (peer.ViewerSocket is { } socket)
        {
            await Waiting.ForAsync("QEMU's display", qemu, () => Task.FromResult(File.Exists(Path.Combine(_folder.FullName, socket))), stop);
        }
        CaseProcess? viewer = peer.Viewer is { } command ? Start(Role.Viewer, await ProgramAsync(command, [], stop)) : null;
        await FitWindowAsync(stop);
        if (typing is not null)
        {
            // A desktop takes the size that it finds when it starts, and that is the window's in QEMU's own displays.
            await guest.WaitForBootAsync(stop);
            await FitWindowAsync(stop);
        }

        await WarmUpAsync(guest, viewer, stop);
        await guest.StartAsync(settings.Seconds, stop);
        await guest.WaitForFirstAsync(stop);
        CpuTimes before = CpuTimes.Read(_processes);
        (int flips, double rate) = await guest.WaitForLastAsync(stop);
        RoleValues perFlip = CpuTimes.Read(_processes).Since(before) / flips / NanosecondsPerMicrosecond;
        var memory = new RoleValues(Resident(Role.Qemu), Resident(Role.Device), Resident(Role.Viewer), 0);

        if (_screen is not null && settings.Pictures is { } pictures)
        {
            await _screen.SaveAsync(Path.Combine(pictures, $"{peer.Name}.png"), stop);
        }
        return new PeerRow(peer, rate, perFlip, memory, viewer is null ? null : await AskLatencyAsync(viewer));
    }

    private Task FitWindowAsync(CancellationToken stop) => _screen?.FitWindowAsync(Of(Role.X)!, stop) ?? Task.CompletedTask;

    /// <summary>Ends the processes, in the reverse order of their start.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (CaseProcess process in Enumerable.Reverse(_processes))
        {
            await process.DisposeAsync();
        }
        _folder.Delete(recursive: true);
    }

    /// <summary>The first flips only warm up all processes. A viewer must have used some CPU by the end of them.</summary>
    private async Task WarmUpAsync(IGuestWork guest, CaseProcess? viewer, CancellationToken stop)
    {
        CpuTimes before = CpuTimes.Read(_processes);
        await guest.StartAsync(WarmUpSeconds, stop);
        await guest.WaitForLastAsync(stop);
        if (viewer is not null && CpuTimes.Read(_processes).Since(before).Viewer <= NanosecondsPerMillisecond)
        {
            throw new ToolException($"{peer.Name}: the viewer did not react to the guest's flips; it said: {viewer.LastWords}");
        }
        await guest.EndAsync(stop);
    }

    private async Task StartDeviceAsync(IReadOnlyList<string> command, CancellationToken stop)
    {
        // FbShare paces guests that nobody told how often to flip.
        string[] more = command[0] == PeerPrograms.FbShare && settings.Rate is null ? ["--unthrottled"] : [];
        CaseProcess device = Start(Role.Device, await ProgramAsync(command, more, stop));
        string socket = Path.Combine(_folder.FullName, PeerCase.DeviceSocket);
        await Waiting.ForAsync("the device's socket", device, () => Task.FromResult(File.Exists(socket)), stop);
    }

    private CaseProcess StartQemu()
    {
        bool hasKvm = Environment.GetEnvironmentVariable("FBSHARE_ACCEL") == "kvm";
        string guest = programs.GuestFolder;
        string memory = settings.Desktop is null ? "512M" : "1G";
        string commandLine = File.ReadAllText(Path.Combine(guest, "cmdline")).Trim();
        string[] desktop = settings.Desktop is null ? [] :
        [
            "-drive", $"file={Path.Combine(guest, "disk.ext4")},format=raw,if=virtio,readonly=on",
            "-device", "virtio-keyboard-pci", "-qmp", $"unix:{KeyboardSocket},server=on,wait=off",
        ];
        return Start(Role.Qemu, new ProcessStartInfo(programs.Qemu,
        [
            "-accel", hasKvm ? "kvm" : "tcg", "-cpu", hasKvm ? "host" : "max",
            "-m", memory, "-object", $"memory-backend-memfd,id=mem,size={memory},share=on", "-machine", "q35,memory-backend=mem",
            "-nodefaults", "-no-user-config", .. peer.Display, "-name", "peers,debug-threads=on", .. peer.Qemu,
            "-kernel", Path.Combine(guest, "vmlinuz"), "-initrd", Path.Combine(guest, "initrd.img"), .. desktop,
            "-append", $"{commandLine} {(settings.Desktop is { } name ? $"fbshare.desktop={name}" : "fbshare.serial=plain")}",
            "-chardev", "stdio,id=serial,signal=off", "-serial", "chardev:serial",
        ]), keepsOutput: false);
    }

    private async Task<ProcessStartInfo> ProgramAsync(IReadOnlyList<string> command, string[] more, CancellationToken stop) =>
        new(await programs.PathOfAsync(command[0], stop), [.. command.Skip(1), .. more]);

    private CaseProcess Start(Role role, ProcessStartInfo program, bool keepsOutput = true)
    {
        program.WorkingDirectory = _folder.FullName;
        if (_screen is not null)
        {
            _screen.Prepare(program);
            program.Environment["SDL_AUDIODRIVER"] = "dummy";
        }
        var process = new CaseProcess(role, program, keepsOutput);
        _processes.Add(process);
        return process;
    }

    private CaseProcess? Of(Role role) => _processes.Find(p => p.Role == role);

    private double Resident(Role role)
    {
        if (Of(role) is not { } process)
        {
            return 0;
        }
        string[] status = File.ReadAllLines($"/proc/{process.Id}/status");
        double Kilobytes(string field) =>
            double.Parse(status.First(line => line.StartsWith(field, StringComparison.Ordinal)).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
        return (Kilobytes("VmRSS:") - Kilobytes("RssShmem:")) / 1024;
    }

    /// <summary>FbShare's viewer says it at its end, while it has its window.</summary>
    private static async Task<string?> AskLatencyAsync(CaseProcess viewer)
    {
        await viewer.StopAsync();
        return viewer.Said.LastOrDefault(line => line.Contains(LatencyMark, StringComparison.Ordinal)) is { } line
            ? line[(line.IndexOf(LatencyMark, StringComparison.Ordinal) + 2)..]
            : null;
    }
}
