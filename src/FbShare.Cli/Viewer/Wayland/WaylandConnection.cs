using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using FbShare.Cli.Viewer.Software;

namespace FbShare.Cli.Viewer.Wayland;

/// <summary>SDL's connection to a Wayland compositor, for giving its windows pictures in shared memory (wl_shm).</summary>
/// <remarks>What it makes has an event queue of its own, so that SDL's events and these do not meet.</remarks>
/// <param name="reason">Why this way and not by OpenGL.</param>
internal sealed class WaylandConnection(string reason) : IDrawing
{
    /// <summary>wl_registry's events, in their order.</summary>
    // SAFETY: the functions have the types of these events (wayland.xml).
    private static readonly unsafe nint RegistryListener = Listener(
        (nint)(delegate* unmanaged<nint, nint, uint, nint, uint, void>)&OnGlobal, (nint)(delegate* unmanaged<nint, nint, uint, void>)&OnGlobalGone);

    private readonly string _obstacle = $"the window is drawn without OpenGL ({reason})";
    private readonly List<nint> _queues = [];
    private uint _shmName;

    public string Name => "no OpenGL: the compositor reads the window's memory (wl_shm)";

    public string? Obstacle => _obstacle;

    public nint Display { get; private set; }

    public nint Queue { get; private set; }

    /// <summary>The compositor's wl_shm.</summary>
    public nint Shm { get; private set; }

    /// <summary>A list of functions for a listener, which stays.</summary>
    public static unsafe nint Listener(params ReadOnlySpan<nint> functions)
    {
        // SAFETY: memory for as many functions as are copied into it, which is never freed.
        var list = (nint*)NativeMemory.Alloc((nuint)functions.Length, (nuint)sizeof(nint));
        functions.CopyTo(new Span<nint>(list, functions.Length));
        return (nint)list;
    }

    /// <summary>A queue for objects that may be there until their window is gone.</summary>
    public nint CreateQueue()
    {
        nint queue = Wl.wl_display_create_queue(Display);
        _queues.Add(queue);
        return queue;
    }

    /// <exception cref="CliException">The compositor has no shared memory.</exception>
    public IWindowPainter CreatePainter(SdlWindow window)
    {
        Sdl.WindowManagerInfo info = window.GetInfo();
        if (Display == 0)
        {
            Open(info.display);
        }
        return new SoftwarePainter(new WaylandSurface(this, info.window), _obstacle);
    }

    public void Pump()
    {
        if (Display != 0)
        {
            _ = Wl.wl_display_dispatch_queue_pending(Display, Queue);
        }
    }

    public void Dispose()
    {
        if (Display == 0)
        {
            return;
        }
        if (Shm != 0)
        {
            Wl.wl_proxy_destroy(Shm);
        }
        foreach (nint queue in _queues)
        {
            Wl.wl_event_queue_destroy(queue);
        }
    }

    private unsafe void Open(nint display)
    {
        Display = display;
        Queue = CreateQueue();
        nint wrapper = Wl.wl_proxy_create_wrapper(display);
        Wl.wl_proxy_set_queue(wrapper, Queue);
        nint registry = Wl.Create(wrapper, Wl.WL_DISPLAY_GET_REGISTRY, Wl.Interface("wl_registry_interface"), [0]);
        Wl.wl_proxy_wrapper_destroy(wrapper);
        var self = GCHandle.Alloc(this);
        _ = Wl.wl_proxy_add_listener(registry, RegistryListener, GCHandle.ToIntPtr(self));
        _ = Wl.wl_display_roundtrip_queue(display, Queue);
        if (_shmName != 0)
        {
            // SAFETY: the library's own struct wl_interface, which begins with a pointer to its name.
            Shm = Wl.Create(registry, Wl.WL_REGISTRY_BIND, Wl.Interface("wl_shm_interface"), [_shmName, *(nint*)Wl.Interface("wl_shm_interface"), 1u, 0], version: 1);
        }
        Wl.wl_proxy_destroy(registry);
        self.Free();
        if (Shm == 0)
        {
            throw new CliException(ExitCodes.Unfit, "a window cannot be drawn without OpenGL here: the compositor has no wl_shm");
        }
    }

    [UnmanagedCallersOnly]
    private static unsafe void OnGlobal(nint data, nint registry, uint name, nint interfaceName, uint version)
    {
        // SAFETY: the library's text, which ends with a zero.
        if (MemoryMarshal.CreateReadOnlySpanFromNullTerminated((byte*)interfaceName).SequenceEqual("wl_shm"u8))
        {
            Unsafe.As<WaylandConnection>(GCHandle.FromIntPtr(data).Target!)._shmName = name;
        }
    }

    [UnmanagedCallersOnly]
    private static void OnGlobalGone(nint data, nint registry, uint name)
    {
        // wl_shm does not go.
    }
}
