using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using FbShare.Cli;
using FbShare.Linux;
using FbShare.Rig.Driver;
using FbShare.Tests.Cli;
using FbShare.Tests.Device;

namespace FbShare.Tests.Keeping;

/// <summary>A kept device as processes: fbshare serve --keep, and the device that it has started.</summary>
internal sealed class KilledDevice : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<string> _errors = [];

    public KilledDevice(Transport transport, params string[] options)
    {
        string gpu = _folder["gpu"];
        Keeper = FbShareProgram.Start(["serve", "--keep", transport == Transport.VhostUser ? "--socket-path" : "--vfio-user", gpu, "--display", $"unix:{Display}", .. transport == Transport.VfioUser ? ["--no-boot-screen"] : Array.Empty<string>(), .. options]);
        Keeper.ErrorDataReceived += (_, line) =>
        {
            lock (_errors)
            {
                _errors.Add(line.Data ?? "");
            }
        };
        Keeper.BeginErrorReadLine();
        Assert.True(SpinWait.SpinUntil(() => ListeningSocket.IsAt(gpu), TimeSpan.FromSeconds(20)), Said());
        Driver = transport == Transport.VhostUser ? new FrontEndDriver(UnixSocket.Connect(gpu)) : new VfioUserDriver(UnixSocket.Connect(gpu));
    }

    public Process Keeper { get; }

    public QueueDriver Driver { get; }

    public string Display => _folder["display"];

    /// <summary>The process that is the device now; null between two of them.</summary>
    public int? Device => File.ReadAllText($"/proc/{Keeper.Id}/task/{Keeper.Id}/children").Split(' ') is [{ Length: > 0 } first, ..]
        ? int.Parse(first, CultureInfo.InvariantCulture)
        : null;

    /// <summary>Kills the device and returns what it was.</summary>
    public int Kill()
    {
        int? device = null;
        SpinWait.SpinUntil(() => (device = Device) is not null);
        _ = ProcessCalls.kill(device!.Value, ProcessCalls.SIGKILL);
        return device.Value;
    }

    /// <summary>Asks the keeper for the next device.</summary>
    public void Upgrade() => _ = ProcessCalls.kill(Keeper.Id, 12);

    public string Said()
    {
        lock (_errors)
        {
            return string.Join('\n', _errors);
        }
    }

    /// <summary>The descriptors of a process, by what they are; its own code, which an unpublished program loads bit by bit, aside.</summary>
    public static string[] Descriptors(int process) =>
        [.. ProcessDescriptors.List(process).Where(d => !d.Target.EndsWith(".dll", StringComparison.Ordinal)).Select(d => Regex.Replace(d.Target, "[0-9]{3,}", "N")).Order(StringComparer.Ordinal)];

    public void Dispose()
    {
        Driver.Dispose();
        if (!Keeper.HasExited)
        {
            _ = ProcessCalls.kill(Keeper.Id, ProcessCalls.SIGTERM);
            if (!Keeper.WaitForExit(TimeSpan.FromSeconds(10)))
            {
                Keeper.Kill(entireProcessTree: true);
            }
        }
        Keeper.Dispose();
        _folder.Dispose();
    }
}
