namespace FbShare.Cli.Viewer.Wayland;

/// <summary>Keeps SDL from having a whole window drawn anew at every frame: told of each frame of its surface, it marks all of it as changed (seen in SDL
/// 2.26, and in the source of 2.32), so that what has changed would not matter.</summary>
/// <remarks>SDL asks to be told with an object made of the surface, and so of the surface's queue at that time, when the last such object's event comes. The
/// first of them is older than this and comes; the second is made while the surface has a queue of its own here, and nobody looks at that again.</remarks>
internal sealed class SdlFrames
{
    private readonly WaylandConnection _connection;
    private readonly nint _surface;
    private readonly nint _queue;
    private bool _isStopped;

    /// <param name="connection">Stays the caller's.</param>
    /// <param name="surface">SDL's wl_surface, stays SDL's. It has not been committed with a buffer yet.</param>
    public SdlFrames(WaylandConnection connection, nint surface)
    {
        (_connection, _surface) = (connection, surface);
        _queue = connection.CreateQueue();
        Wl.wl_proxy_set_queue(surface, _queue);
    }

    /// <summary>The surface's first frame was shown, and SDL has been told.</summary>
    public void Stop()
    {
        if (!_isStopped)
        {
            _isStopped = true;
            // On which output it is: SDL must know. The second object's event comes with the second frame.
            _ = Wl.wl_display_dispatch_queue_pending(_connection.Display, _queue);
            Wl.wl_proxy_set_queue(_surface, 0);
        }
    }
}
