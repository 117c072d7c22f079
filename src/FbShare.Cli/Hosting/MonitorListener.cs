using FbShare.Linux;
using FbShare.Logging;
using FbShare.Qemu;

namespace FbShare.Cli.Hosting;

/// <summary>Waits for QEMU's monitor to connect, hands the viewers' keys and pointers to it, and asks it where the guest has the gpu.</summary>
internal sealed class MonitorListener : IDisposable
{
    private readonly DeviceHost _host;
    private readonly UnixListener _listener;
    private readonly EventLoop.Watch _watch;
    private readonly LogLimit _log;
    private QmpSession? _session;

    /// <param name="listener">Where QEMU connects; owned from here on.</param>
    public MonitorListener(DeviceHost host, UnixListener listener, Log log)
    {
        _host = host;
        _log = LogLimit.Around(log);
        _listener = listener;
        _watch = host.Loop.Add(_listener.Descriptor, LoopEvents.Readable, _ => Accept());
    }

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
            EventReceived = (name, _) => _log.QemuEvent(PeerText.Name(name)),
        };
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
