using System.Runtime.InteropServices;
using FbShare.Linux;

namespace FbShare.VhostUser;

/// <summary>The back-end's own channel to the front-end (VHOST_USER_SET_BACKEND_REQ_FD).</summary>
internal sealed class BackendChannel : IDisposable
{
    private readonly UnixSocket _socket;
    private readonly EventLoop.Watch _watch;
    private bool _dead;

    /// <param name="socket">Owned from here on, also when this fails.</param>
    /// <exception cref="LinuxException">The descriptor is not a socket, or the loop cannot watch it.</exception>
    public BackendChannel(EventLoop loop, UnixSocket socket)
    {
        _socket = socket;
        try
        {
            _watch = loop.Add(socket.Descriptor, LoopEvents.Readable, _ => Drain());
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Tells the front-end to read the configuration space again (VHOST_USER_BACKEND_CONFIG_CHANGE_MSG).</summary>
    public void SendConfigChange()
    {
        var message = new Messages.Header { Request = Messages.BackendConfigChange, Flags = Messages.Version };
        try
        {
            // If the channel is full, the front-end has a notice of a change waiting already.
            _socket.Send(MemoryMarshal.AsBytes(new ReadOnlySpan<Messages.Header>(in message)), wait: false);
        }
        catch (LinuxException)
        {
            StopWatching();
        }
    }

    public void Dispose()
    {
        StopWatching();
        _socket.Dispose();
    }

    /// <summary>None of our requests asks for a reply: what comes anyway is read and dropped.</summary>
    private void Drain()
    {
        Span<byte> buffer = stackalloc byte[256];
        try
        {
            if (_socket.Receive(buffer, wait: false) == 0)
            {
                StopWatching();
            }
        }
        catch (LinuxException)
        {
            StopWatching();
        }
    }

    private void StopWatching()
    {
        if (!_dead)
        {
            _dead = true;
            _watch.Dispose();
        }
    }
}
