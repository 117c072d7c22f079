using System.Diagnostics;
using FbShare.Tests;

namespace FbShare.QemuTests;

/// <summary>A message bus of a test's own (dbus-daemon).</summary>
internal sealed class MessageBus : IDisposable
{
    private readonly TemporaryFolder _folder = new("bus");
    private readonly Process _daemon;

    public MessageBus()
    {
        string socket = _folder["bus"];
        string configuration = _folder["bus.conf"];
        File.WriteAllText(configuration, $"""
            <!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
             "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
            <busconfig>
              <listen>unix:path={socket}</listen>
              <policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy>
            </busconfig>
            """);
        Address = $"unix:path={socket}";
        _daemon = Process.Start(new ProcessStartInfo("dbus-daemon", ["--nofork", $"--config-file={configuration}"]) { RedirectStandardError = true })!;
        _daemon.BeginErrorReadLine();
        XServer.WaitUntil(() => ListeningSocket.IsAt(socket) || _daemon.HasExited, () => "the message bus does not start");
    }

    /// <summary>As D-Bus writes it.</summary>
    public string Address { get; }

    /// <summary>Waits until somebody has this name.</summary>
    public void WaitForName(string name) => XServer.WaitUntil(() => Names().Contains(name), () => $"nobody took the name {name}");

    public void Dispose()
    {
        _daemon.Kill();
        _daemon.WaitForExit();
        _daemon.Dispose();
        _folder.Dispose();
    }

    private IEnumerable<string> Names()
    {
        using Process list = Process.Start(new ProcessStartInfo("busctl", [$"--address={Address}", "list", "--no-legend", "--acquired"]) { RedirectStandardOutput = true })!;
        string names = list.StandardOutput.ReadToEnd();
        list.WaitForExit();
        return names.Split('\n').Select(line => line.Split(' ')[0]);
    }
}
