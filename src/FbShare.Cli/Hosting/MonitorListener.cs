using FbShare.Cli.Qemu;
using FbShare.Linux;
using FbShare.Logging;
using FbShare.Qemu;

namespace FbShare.Cli.Hosting;

/// <summary>Waits for QEMU's monitor to connect, hands the viewers' keys and pointers to it, and asks it where the guest has the gpu, and keeps it
/// from migrations that lose the screen.</summary>
internal sealed class MonitorListener : IDisposable
{
    private readonly DeviceHost _host;
    private readonly UnixListener _listener;
    private readonly EventLoop.Watch _watch;
    private readonly LogLimit _log;
    private MigrationGuard? _migrations;
    private QmpSession? _session;

    /// <param name="listener">Where QEMU connects; owned from here on.</param>
    public MonitorListener(DeviceHost host, UnixListener listener, Log log)
    {
        _host = host;
        _log = LogLimit.Around(log);
        _listener = listener;
        _watch = host.Loop.Add(_listener.Descriptor, LoopEvents.Readable, _ => Accept());
    }

    /// <summary>Whether migrations are stopped, because QEMU would not refuse them although the gpu cannot be migrated.</summary>
    public bool StopsMigrations { get; init; }

    public void Dispose()
    {
        _session?.Dispose();
        _watch.Dispose();
        _listener.Dispose();
    }

    private void Accept()
    {
        if (_listener.Accept() is not { } socket)
        {
            return;
        }
        _session = new QmpSession(_host.Loop, socket)
        {
            Closed = why => _log.MonitorClosed(why),
            EventReceived = (name, data) =>
            {
                _log.QemuEvent(PeerText.Name(name));
                _migrations?.Take(name, data);
            },
        };
        _migrations = StopsMigrations ? new MigrationGuard(_session, why => _log.MigrationStopped(why)) : null;
        if (_host.Display is { } display)
        {
            display.Input = new QmpInput(_session);
            _session.Send("query-pci", null, reply =>
            {
                if (reply.Error is null && PciAddress.Find(reply.Value, QemuCommandLine.GpuId) is { } address)
                {
                    display.DeviceAddress = address;
                }
            });
        }
        _watch.Change(LoopEvents.None);
    }
}
