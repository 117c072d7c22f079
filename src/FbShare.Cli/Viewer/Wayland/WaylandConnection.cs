using FbShare.Cli.Viewer.Software;

namespace FbShare.Cli.Viewer.Wayland;

/// <summary>SDL's connection to a Wayland compositor, for giving its windows pictures in shared memory (wl_shm).</summary>
/// <remarks>What it makes has an event queue of its own, so that SDL's events and these do not meet.</remarks>
/// <param name="reason">Why this way and not by OpenGL.</param>
internal sealed class WaylandConnection(string reason) : IDrawing
{
    private readonly string _obstacle = $"the window is drawn without OpenGL ({reason})";
    private readonly List<nint> _queues = [];
    private readonly Dictionary<nint, SdlFrames> _frames = [];

    public string Name => "no OpenGL: the compositor reads the window's memory (wl_shm)";

    public string? Obstacle => _obstacle;

    public nint Display { get; private set; }

    public nint Queue { get; private set; }

    /// <summary>The compositor's wl_shm.</summary>
    public nint Shm { get; private set; }

    /// <summary>A queue for objects that may be there until their window is gone.</summary>
    public nint CreateQueue()
    {
        nint queue = Wl.wl_display_create_queue(Display);
        _queues.Add(queue);
        return queue;
    }

    /// <summary>Keeps SDL from marking all of a window as changed, until its first frame was shown, by whomever.</summary>
    /// <param name="surface">SDL's wl_surface.</param>
    public SdlFrames FramesOf(nint surface)
    {
        if (!_frames.TryGetValue(surface, out SdlFrames? frames))
        {
            _frames[surface] = frames = new SdlFrames(this, surface);
        }
        return frames;
    }

    /// <exception cref="CliException">The compositor has no shared memory.</exception>
    public IWindowPainter CreatePainter(SdlWindow window)
    {
        Sdl.WindowManagerInfo info = window.GetInfo();
        Open(info.display);
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

    /// <summary>Looks for what windows need here, unless that has been done.</summary>
    /// <param name="display">SDL's connection, stays SDL's.</param>
    /// <exception cref="CliException">The compositor has no shared memory.</exception>
    public void Open(nint display)
    {
        if (Display != 0)
        {
            return;
        }
        Display = display;
        Queue = CreateQueue();
        using var globals = new WaylandGlobals(display, Queue);
        Shm = globals.Bind("wl_shm", Wl.Interface("wl_shm_interface"));
        if (Shm == 0)
        {
            throw new CliException(ExitCodes.Unfit, "a window cannot be drawn without OpenGL here: the compositor has no wl_shm");
        }
    }
}
