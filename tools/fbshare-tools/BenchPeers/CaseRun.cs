using System.Diagnostics;
using System.Globalization;

namespace FbShare.Tools.BenchPeers;

/// <summary>One run of a case: its processes, in a folder of their own.</summary>
internal sealed class CaseRun(PeerCase peer, PeerSettings settings, PeerPrograms programs) : IAsyncDisposable
{
    private const int WarmUpSeconds = 4;
    private const double NanosecondsPerMicrosecond = 1e3;
    private const double NanosecondsPerMillisecond = 1e6;
    private const string LatencyMark = ": the last ";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("fbshare-peers.");
    private readonly List<CaseProcess> _processes = [];
    private XScreen? _screen;

    /// <summary>Starts everything, lets the guest flip, and measures.</summary>
    /// <exception cref="ToolException">Something did not work.</exception>
    public async Task<PeerRow> MeasureAsync(CancellationToken stop)
    {
        if (peer.HasWindow)
        {
            _screen = await XScreen.WaitForAsync(Start(Role.X, XScreen.Server), stop);
        }
        if (peer.Device is { } device)
        {
            await StartDeviceAsync(device, stop);
        }
        var guest = new GuestConsole(StartQemu());
        await guest.WaitForBootAsync(stop);
        CaseProcess? viewer = peer.Viewer is { } command ? Start(Role.Viewer, await ProgramAsync(command, [], stop)) : null;
        if (_screen is not null)
        {
            await _screen.FitWindowAsync(Of(Role.X)!, stop);
        }

        await WarmUpAsync(guest, viewer, stop);
        await guest.StartAsync(settings, peer.OnlyComputes, settings.Seconds);
        await guest.WaitForFirstFlipAsync(stop);
        CpuTimes before = CpuTimes.Read(_processes);
        (int flips, double rate) = await guest.WaitForLastFlipAsync(stop);
        RoleValues perFlip = CpuTimes.Read(_processes).Since(before) / flips / NanosecondsPerMicrosecond;
        var memory = new RoleValues(Resident(Role.Qemu), Resident(Role.Device), Resident(Role.Viewer), 0);

        if (_screen is not null && settings.Pictures is { } pictures)
        {
            await _screen.SaveAsync(Path.Combine(pictures, $"{peer.Name}.png"), stop);
        }
        return new PeerRow(peer, rate, perFlip, memory, viewer is null ? null : await AskLatencyAsync(viewer));
    }

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
    private async Task WarmUpAsync(GuestConsole guest, CaseProcess? viewer, CancellationToken stop)
    {
        CpuTimes before = CpuTimes.Read(_processes);
        await guest.StartAsync(settings, peer.OnlyComputes, WarmUpSeconds);
        await guest.WaitForLastFlipAsync(stop);
        if (viewer is not null && CpuTimes.Read(_processes).Since(before).Viewer <= NanosecondsPerMillisecond)
        {
            throw new ToolException($"{peer.Name}: the viewer did not react to the guest's flips; it said: {viewer.LastWords}");
        }
        await guest.LetCardEndAsync(stop);
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
        string commandLine = File.ReadAllText(Path.Combine(programs.GuestFolder, "cmdline")).Trim();
        return Start(Role.Qemu, new ProcessStartInfo(programs.Qemu,
        [
            "-accel", hasKvm ? "kvm" : "tcg", "-cpu", hasKvm ? "host" : "max",
            "-m", "512M", "-object", "memory-backend-memfd,id=mem,size=512M,share=on", "-machine", "q35,memory-backend=mem",
            "-nodefaults", "-no-user-config", .. peer.Display, "-name", "peers,debug-threads=on", .. peer.Qemu,
            "-kernel", Path.Combine(programs.GuestFolder, "vmlinuz"), "-initrd", Path.Combine(programs.GuestFolder, "initrd.img"),
            "-append", $"{commandLine} fbshare.serial=plain",
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
            program.Environment["DISPLAY"] = _screen.Display;
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
