using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace FbShare.Cli.Viewer.Wayland;

/// <summary>A wl_buffer: what a compositor shows in a surface, and may hold until it was given another.</summary>
internal sealed class SurfaceBuffer : IDisposable
{
    // SAFETY: the function has the type of wl_buffer's only event (wayland.xml).
    private static readonly unsafe nint Listener = Wl.Listener((nint)(delegate* unmanaged<nint, nint, void>)&OnRelease);

    private readonly GCHandle _self;

    /// <param name="connection">On whose queue its event comes; stays the caller's.</param>
    /// <param name="proxy">The wl_buffer, owned from here on.</param>
    public SurfaceBuffer(WaylandConnection connection, nint proxy)
    {
        Proxy = proxy;
        _self = GCHandle.Alloc(this);
        Wl.wl_proxy_set_queue(proxy, connection.Queue);
        _ = Wl.wl_proxy_add_listener(proxy, Listener, GCHandle.ToIntPtr(_self));
    }

    public nint Proxy { get; }

    /// <summary>Whether the compositor may still read it.</summary>
    public bool IsHeld { get; private set; }

    /// <summary>Told when the compositor does not read it any more.</summary>
    public Action? Released { get; init; }

    /// <summary>The compositor is given it.</summary>
    public void Hold() => IsHeld = true;

    /// <summary>The compositor keeps what it still shows.</summary>
    public void Dispose()
    {
        IsHeld = false;
        Wl.Send(Proxy, Wl.WL_BUFFER_DESTROY, [], Wl.WL_MARSHAL_FLAG_DESTROY);
        _self.Free();
    }

    [UnmanagedCallersOnly]
    private static void OnRelease(nint data, nint proxy)
    {
        SurfaceBuffer buffer = Unsafe.As<SurfaceBuffer>(GCHandle.FromIntPtr(data).Target!);
        buffer.IsHeld = false;
        buffer.Released?.Invoke();
    }
}
