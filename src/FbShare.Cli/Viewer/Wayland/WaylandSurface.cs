using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using FbShare.Cli.Viewer.Software;
using FbShare.Pictures;

namespace FbShare.Cli.Viewer.Wayland;

/// <summary>A window of a Wayland compositor, filled out of memory that the compositor maps: a few buffers in turn, because it may hold the last one
/// until it is given the next.</summary>
internal sealed class WaylandSurface : ISharedSurface
{
    // SAFETY: the function has the type of wl_buffer's only event (wayland.xml).
    private static readonly unsafe nint BufferListener = Wl.Listener((nint)(delegate* unmanaged<nint, nint, void>)&OnRelease);

    // SAFETY: the function has the type of wl_callback's only event.
    private static readonly unsafe nint FrameListener = Wl.Listener((nint)(delegate* unmanaged<nint, nint, uint, void>)&OnFrame);

    private static readonly nint FrameInterface = Wl.Interface("wl_callback_interface");

    private readonly WaylandConnection _connection;
    private readonly SdlFrames _sdlFrames;
    private readonly nint _surface;
    private readonly GCHandle _self;
    private readonly List<Buffer> _buffers = [];
    private nint _frame;
    private Buffer? _next;

    /// <param name="connection">Stays the caller's.</param>
    /// <param name="surface">SDL's wl_surface, stays SDL's.</param>
    public WaylandSurface(WaylandConnection connection, nint surface)
    {
        _connection = connection;
        _sdlFrames = connection.FramesOf(surface);
        _surface = Wl.wl_proxy_create_wrapper(surface);
        Wl.wl_proxy_set_queue(_surface, connection.Queue);
        _self = GCHandle.Alloc(this);
    }

    public Action? Finished { get; set; }

    /// <summary>The compositor says when it wants another frame: of a window that nobody sees, not at all.</summary>
    public bool IsBusy => _frame != 0;

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
        _next = _buffers.Find(static buffer => !buffer.IsHeld);
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

    public void Put(SharedPixels pixels, Rect part, int x, int y) => Wl.Damage(_surface, part);

    public bool Commit()
    {
        if (_next is { } buffer)
        {
            _next = null;
            buffer.IsHeld = true;
            Wl.Send(_surface, Wl.WL_SURFACE_ATTACH, [buffer.Proxy, 0, 0]);
            _frame = Wl.Create(_surface, Wl.WL_SURFACE_FRAME, FrameInterface, [0]);
            _ = Wl.wl_proxy_add_listener(_frame, FrameListener, GCHandle.ToIntPtr(_self));
            Wl.Send(_surface, Wl.WL_SURFACE_COMMIT, []);
            _ = Wl.wl_display_flush(_connection.Display);
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
        if (_frame != 0)
        {
            Wl.wl_proxy_destroy(_frame);
        }
        foreach (Buffer buffer in _buffers)
        {
            buffer.Dispose();
        }
        Wl.wl_proxy_wrapper_destroy(_surface);
        _self.Free();
    }

    [UnmanagedCallersOnly]
    private static void OnFrame(nint data, nint callback, uint time)
    {
        WaylandSurface surface = Unsafe.As<WaylandSurface>(GCHandle.FromIntPtr(data).Target!);
        Wl.wl_proxy_destroy(callback);
        surface._frame = 0;
        surface._sdlFrames.Stop();
    }

    [UnmanagedCallersOnly]
    private static void OnRelease(nint data, nint buffer) => Unsafe.As<Buffer>(GCHandle.FromIntPtr(data).Target!).IsHeld = false;

    /// <summary>Memory for the whole window.</summary>
    private sealed class Buffer : IDisposable
    {
        private readonly GCHandle _handle;

        public Buffer(WaylandConnection connection, (int Width, int Height) size)
        {
            Size = size;
            Pixels = new SharedPixels(size.Width, size.Height);
            Lacks.Add(Pixels.Layout.Bounds);
            nint pool = Wl.Create(connection.Shm, Wl.WL_SHM_CREATE_POOL, Wl.Interface("wl_shm_pool_interface"), [0, Pixels.Writable.Number, (int)Pixels.FileSize]);
            Proxy = Wl.Create(
                pool, Wl.WL_SHM_POOL_CREATE_BUFFER, Wl.Interface("wl_buffer_interface"), [0, 0, size.Width, size.Height, Pixels.Layout.Stride, Wl.WL_SHM_FORMAT_XRGB8888]);
            Wl.Send(pool, Wl.WL_SHM_POOL_DESTROY, [], Wl.WL_MARSHAL_FLAG_DESTROY);
            _handle = GCHandle.Alloc(this);
            _ = Wl.wl_proxy_add_listener(Proxy, BufferListener, GCHandle.ToIntPtr(_handle));
        }

        public nint Proxy { get; }

        public SharedPixels Pixels { get; }

        public (int Width, int Height) Size { get; }

        /// <summary>What of the window is not in it.</summary>
        public Region Lacks { get; } = new();

        /// <summary>Whether the compositor may still read it.</summary>
        public bool IsHeld { get; set; }

        public void Dispose()
        {
            Wl.Send(Proxy, Wl.WL_BUFFER_DESTROY, [], Wl.WL_MARSHAL_FLAG_DESTROY);
            Pixels.Dispose();
            _handle.Free();
        }
    }
}
