using FbShare.Cli.Viewer.Software;
using FbShare.Pictures;

namespace FbShare.Cli.Viewer.Wayland;

/// <summary>A window of a Wayland compositor, filled out of memory that the compositor maps: a few buffers in turn, because it may hold the last one
/// until it is given the next.</summary>
internal sealed class WaylandSurface : ISharedSurface
{
    private readonly WaylandConnection _connection;
    private readonly FrameSurface _surface;
    private readonly List<Buffer> _buffers = [];
    private Buffer? _next;

    /// <param name="connection">Stays the caller's.</param>
    /// <param name="surface">SDL's wl_surface, stays SDL's.</param>
    public WaylandSurface(WaylandConnection connection, nint surface)
    {
        _connection = connection;
        _surface = new FrameSurface(connection, surface, ofParts: true);
    }

    public Action? Finished { get; set; }

    /// <summary>The compositor says when it wants another frame: of a window that nobody sees, not at all.</summary>
    public bool IsBusy => _surface.IsAwaited;

    public bool IsReading => false;

    public bool TakesParts => false;

    public bool TakesFiles => false;

    public SharedPixels NextCanvas((int Width, int Height) window, Region outOfDate)
    {
        for (int i = _buffers.Count - 1; i >= 0; i--)
        {
            Buffer buffer = _buffers[i];
            if (buffer.Size != window)
            {
                // The compositor keeps what it still shows.
                buffer.Dispose();
                _buffers.RemoveAt(i);
                continue;
            }
            buffer.Lacks.Add(outOfDate);
        }
        _next = _buffers.Find(static buffer => !buffer.Shared.IsHeld);
        if (_next is null)
        {
            _next = new Buffer(_connection, window);
            _buffers.Add(_next);
        }
        outOfDate.Clear();
        outOfDate.Add(_next.Lacks);
        _next.Lacks.Clear();
        return _next.Pixels;
    }

    public void Put(SharedPixels pixels, Rect part, int x, int y) => _surface.Damage(part);

    public bool Commit()
    {
        if (_next is { } buffer)
        {
            _next = null;
            _surface.Commit(buffer.Shared);
        }
        // What was put lies in the compositor's memory now, and the guest's picture is not needed for it any more.
        return true;
    }

    public void Forget(SharedPixels pixels)
    {
        // Only canvases of its own are put.
    }

    public void Dispose()
    {
        foreach (Buffer buffer in _buffers)
        {
            buffer.Dispose();
        }
        _surface.Dispose();
    }

    /// <summary>Memory for the whole window.</summary>
    private sealed class Buffer : IDisposable
    {
        public Buffer(WaylandConnection connection, (int Width, int Height) size)
        {
            Size = size;
            Pixels = new SharedPixels(size.Width, size.Height);
            Lacks.Add(Pixels.Layout.Bounds);
            nint pool = Wl.Create(connection.Shm, Wl.WL_SHM_CREATE_POOL, Wl.Interface("wl_shm_pool_interface"), [0, Pixels.Writable.Number, (int)Pixels.FileSize]);
            Shared = new SurfaceBuffer(connection, Wl.Create(
                pool, Wl.WL_SHM_POOL_CREATE_BUFFER, Wl.Interface("wl_buffer_interface"), [0, 0, size.Width, size.Height, Pixels.Layout.Stride, Wl.WL_SHM_FORMAT_XRGB8888]));
            Wl.Send(pool, Wl.WL_SHM_POOL_DESTROY, [], Wl.WL_MARSHAL_FLAG_DESTROY);
        }

        /// <summary>The same at the compositor.</summary>
        public SurfaceBuffer Shared { get; }

        public SharedPixels Pixels { get; }

        public (int Width, int Height) Size { get; }

        /// <summary>What of the window is not in it.</summary>
        public Region Lacks { get; } = new();

        public void Dispose()
        {
            Shared.Dispose();
            Pixels.Dispose();
        }
    }
}
