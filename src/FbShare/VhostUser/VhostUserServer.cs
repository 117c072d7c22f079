using FbShare.Display;
using FbShare.Linux;
using FbShare.Memory;
using FbShare.VirtioGpu;

namespace FbShare.VhostUser;

/// <summary>Lets one front-end at a time have the device: from a listening socket again and again, or a single connection.</summary>
public sealed class VhostUserServer : IDisposable
{
    private readonly EventLoop _loop;
    private readonly UnixListener? _listener;
    private readonly EventLoop.Watch? _watch;
    private readonly GuestMemoryMap _memory;
    private readonly VirtioGpuDevice _device;
    private readonly DisplayHub? _forward;
    private readonly Action<string> _log;
    private readonly DefectLog _defects;
    private VhostUserBackend? _backend;

    /// <param name="listener">Owned from here on; null when the only front-end comes by <see cref="Serve"/>.</param>
    /// <param name="forward">See <see cref="VhostUserBackend"/>.</param>
    public VhostUserServer(EventLoop loop, UnixListener? listener, GuestMemoryMap memory, VirtioGpuDevice device, DisplayHub? forward, Action<string> log)
    {
        _loop = loop;
        _listener = listener;
        _memory = memory;
        _device = device;
        _forward = forward;
        _log = log;
        _defects = new DefectLog(log);
        if (listener is not null)
        {
            listener.TurnedAway = why => log($"a front-end was turned away: {why}");
            _watch = loop.Add(listener.Descriptor, LoopEvents.Readable, _ => Accept());
        }
    }

    /// <summary>Runs each time a front-end is gone.</summary>
    public Action? FrontEndGone { get; set; }

    /// <summary>Whether a front-end is connected.</summary>
    public bool IsConnected => _backend is not null;

    /// <summary>Gives the device to a connected front-end.</summary>
    /// <param name="socket">Owned from here on.</param>
    public void Serve(UnixSocket socket)
    {
        if (_backend is not null)
        {
            _log("a second front-end was turned away: the device has one already");
            socket.Dispose();
            return;
        }
        VhostUserBackend backend;
        try
        {
            backend = new VhostUserBackend(_loop, socket, _memory, _device, _forward, _log, _defects);
        }
        catch (LinuxException e)
        {
            _log($"a front-end was turned away: {e.Message}");
            return;
        }
        _log("front-end connected");
        _backend = backend;
        backend.Closed = () =>
        {
            _backend = null;
            _log("front-end gone");
            FrontEndGone?.Invoke();
        };
    }

    public void Dispose()
    {
        FrontEndGone = null;
        _backend?.Dispose();
        _watch?.Dispose();
        _listener?.Dispose();
    }

    private void Accept()
    {
        try
        {
            if (_listener!.Accept() is { } socket)
            {
                Serve(socket);
            }
        }
        catch (LinuxException e)
        {
            _log($"a front-end could not be let in: {e.Message}");
        }
    }
}
