using FbShare.Keeping;
using FbShare.Linux;
using FbShare.Logging;
using Microsoft.Extensions.Logging;

namespace FbShare.Virtio;

/// <summary>Serves one front-end at a time: one after the other from a listening socket, or a single connection.</summary>
public abstract class FrontEndServer : IDisposable
{
    private readonly UnixListener? _listener;
    private readonly EventLoop.Watch? _watch;
    private readonly Keeper? _keeper;
    private FrontEndConnection? _connection;

    /// <param name="listener">Owned from here on; null if the only front-end is passed to <see cref="Serve"/>.</param>
    /// <param name="keeper">Keeps the front-end for the device that goes on if this one dies; null for none.</param>
    private protected FrontEndServer(EventLoop loop, UnixListener? listener, Keeper? keeper, ILogger log)
    {
        _keeper = keeper;
        _listener = listener;
        Log = LogLimit.Around(log);
        Defects = new DefectLog(Log);
        if (listener is not null)
        {
            listener.TurnedAway = why => Log.FrontEndTurnedAway(why);
            _watch = loop.Add(listener.Descriptor, LoopEvents.Readable, _ => Accept());
        }
    }

    /// <summary>Called each time a front-end has gone.</summary>
    public Action? FrontEndGone { get; set; }

    /// <summary>Whether a front-end is connected.</summary>
    public bool IsConnected => _connection is not null;

    /// <summary>For connections: one limit for all of them, so that a front-end that comes again and again cannot fill the log.</summary>
    private protected ILogger Log { get; }

    /// <summary>Errors of this program that ended a connection.</summary>
    private protected DefectLog Defects { get; }

    /// <summary>Gives the device to a connected front-end.</summary>
    /// <param name="socket">Owned from here on.</param>
    public void Serve(UnixSocket socket)
    {
        if (_connection is not null)
        {
            Log.SecondFrontEnd();
            socket.Dispose();
            return;
        }
        try
        {
            _keeper?.BeginSession(socket.Descriptor);
            Begin(Connect(socket));
            Log.FrontEndConnected();
        }
        catch (Exception e)
        {
            socket.Dispose();
            TurnAway(e);
        }
    }

    /// <summary>Goes on with the front-end that a device that died has left.</summary>
    /// <returns>Whether it left one, that can be served.</returns>
    public bool TryResume()
    {
        if (_keeper is not { HasSession: true } || _keeper.Take(DescriptorKind.Connection) is not { } descriptor)
        {
            return false;
        }
        var socket = new UnixSocket(descriptor);
        FrontEndConnection? connection = null;
        try
        {
            connection = Connect(socket);
            Begin(connection);
            connection.Resume();
            _keeper.ForgetLeftovers();
            Log.FrontEndResumed();
            return true;
        }
        catch (Exception e)
        {
            (connection as IDisposable ?? socket).Dispose();
            TurnAway(e);
            return false;
        }
    }

    /// <summary>Disconnects the front-end and stops listening.</summary>
    public void Dispose()
    {
        FrontEndGone = null;
        _connection?.Dispose();
        _watch?.Dispose();
        _listener?.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Starts to serve a front-end.</summary>
    /// <param name="socket">Owned by the connection; by the caller if this fails.</param>
    private protected abstract FrontEndConnection Connect(UnixSocket socket);

    /// <summary>The barrier around the start of a connection: what goes wrong in it costs this front-end alone.</summary>
    private void TurnAway(Exception cause)
    {
        if (cause is LinuxException)
        {
            Log.FrontEndTurnedAway(cause.Message);
        }
        else
        {
            Defects.Report("front-end turned away", cause);
        }
    }

    private void Begin(FrontEndConnection connection)
    {
        _connection = connection;
        connection.Closed = () =>
        {
            _connection = null;
            _keeper?.EndSession();
            Log.FrontEndGone();
            FrontEndGone?.Invoke();
        };
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
            Log.FrontEndNotAccepted(e.Message);
        }
    }
}
