using FbShare.Linux;

namespace FbShare.Virtio;

/// <summary>Lets one front-end at a time have the device: from a listening socket again and again, or a single connection.</summary>
public abstract class FrontEndServer : IDisposable
{
    private readonly UnixListener? _listener;
    private readonly EventLoop.Watch? _watch;
    private readonly Action<string> _log;
    private readonly DefectLog _defects;
    private IFrontEndConnection? _connection;

    /// <param name="listener">Owned from here on; null when the only front-end comes by <see cref="Serve"/>.</param>
    /// <param name="log">Takes one line per event worth knowing.</param>
    protected FrontEndServer(EventLoop loop, UnixListener? listener, Action<string> log)
    {
        _listener = listener;
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
    public bool IsConnected => _connection is not null;

    /// <summary>Gives the device to a connected front-end.</summary>
    /// <param name="socket">Owned from here on.</param>
    public void Serve(UnixSocket socket)
    {
        if (_connection is not null)
        {
            _log("a second front-end was turned away: the device has one already");
            socket.Dispose();
            return;
        }
        IFrontEndConnection connection;
        try
        {
            connection = Connect(socket, _defects);
        }
        catch (LinuxException e)
        {
            _log($"a front-end was turned away: {e.Message}");
            return;
        }
        _log("front-end connected");
        _connection = connection;
        _connection.Closed = () =>
        {
            _connection = null;
            _log("front-end gone");
            FrontEndGone?.Invoke();
        };
    }

    public void Dispose()
    {
        FrontEndGone = null;
        _connection?.Dispose();
        _watch?.Dispose();
        _listener?.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Begins to serve a front-end.</summary>
    /// <param name="socket">Owned by the connection, also when this fails.</param>
    /// <param name="defects">Told of errors of this program, each of which costs only this connection.</param>
    /// <exception cref="LinuxException">It cannot be served.</exception>
    protected abstract IFrontEndConnection Connect(UnixSocket socket, DefectLog defects);

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

/// <summary>A front-end that has the device: disposed, it is dismissed.</summary>
public interface IFrontEndConnection : IDisposable
{
    /// <summary>Runs once, when the front-end is gone or was dismissed.</summary>
    Action? Closed { get; set; }
}
