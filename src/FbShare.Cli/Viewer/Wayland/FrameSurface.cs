using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using FbShare.Pictures;

namespace FbShare.Cli.Viewer.Wayland;

/// <summary>A surface of SDL's that is given buffers here, frame by frame.</summary>
internal sealed class FrameSurface : IDisposable
{
    // SAFETY: the function has the type of wl_callback's only event (wayland.xml).
    private static readonly unsafe nint FrameListener = Wl.Listener((nint)(delegate* unmanaged<nint, nint, uint, void>)&OnFrame);

    private static readonly nint FrameInterface = Wl.Interface("wl_callback_interface");

    private readonly WaylandConnection _connection;
    private readonly SdlFrames? _sdlFrames;
    private readonly nint _surface;
    private readonly GCHandle _self;
    private nint _frame;

    /// <param name="connection">Stays the caller's.</param>
    /// <param name="surface">SDL's wl_surface, stays SDL's.</param>
    /// <param name="ofParts">Whether only what has changed is to be drawn anew, which SDL would spoil.</param>
    public FrameSurface(WaylandConnection connection, nint surface, bool ofParts)
    {
        _connection = connection;
        _sdlFrames = ofParts ? connection.FramesOf(surface) : null;
        _surface = Wl.wl_proxy_create_wrapper(surface);
        Wl.wl_proxy_set_queue(_surface, connection.Queue);
        _self = GCHandle.Alloc(this);
    }

    /// <summary>Whether the last frame has not been shown yet: of a window that nobody sees, it is not at all.</summary>
    public bool IsAwaited => _frame != 0;

    /// <summary>Told when it has been shown.</summary>
    public Action? Shown { get; init; }

    /// <summary>Says what has changed since the last frame.</summary>
    /// <param name="part">In its buffer's pixels.</param>
    public void Damage(Rect part)
    {
        if (Wl.wl_proxy_get_version(_surface) >= Wl.WL_SURFACE_DAMAGE_BUFFER_SINCE_VERSION)
        {
            Wl.Send(_surface, Wl.WL_SURFACE_DAMAGE_BUFFER, [part.X, part.Y, part.Width, part.Height]);
        }
        else
        {
            Wl.Send(_surface, Wl.WL_SURFACE_DAMAGE, [0, 0, int.MaxValue, int.MaxValue]);
        }
    }

    /// <summary>Shows a buffer.</summary>
    /// <param name="buffer">Stays the caller's.</param>
    public void Commit(SurfaceBuffer buffer)
    {
        buffer.Hold();
        Wl.Send(_surface, Wl.WL_SURFACE_ATTACH, [buffer.Proxy, 0, 0]);
        _frame = Wl.Create(_surface, Wl.WL_SURFACE_FRAME, FrameInterface, [0]);
        _ = Wl.wl_proxy_add_listener(_frame, FrameListener, GCHandle.ToIntPtr(_self));
        Wl.Send(_surface, Wl.WL_SURFACE_COMMIT, []);
        _ = Wl.wl_display_flush(_connection.Display);
    }

    public void Dispose()
    {
        if (_frame != 0)
        {
            Wl.wl_proxy_destroy(_frame);
        }
        Wl.wl_proxy_wrapper_destroy(_surface);
        _self.Free();
    }

    [UnmanagedCallersOnly]
    private static void OnFrame(nint data, nint callback, uint time)
    {
        FrameSurface surface = Unsafe.As<FrameSurface>(GCHandle.FromIntPtr(data).Target!);
        Wl.wl_proxy_destroy(callback);
        surface._frame = 0;
        surface._sdlFrames?.Stop();
        surface.Shown?.Invoke();
    }
}
