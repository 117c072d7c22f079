using System.Runtime.InteropServices;
using FbShare.Cli.Viewer.Wayland;
using FbShare.Graphics;
using FbShare.Linux;

namespace FbShare.Cli.Viewer;

/// <summary>The window system through SDL: windows, which share one OpenGL context where they have any, and their events.</summary>
/// <remarks>Used on one thread. The loop watches the window system's own connection, so that an idle viewer sleeps.</remarks>
internal sealed class SdlVideo : IDisposable
{
    /// <summary>SDL reports focus changes of X11 200 ms late, and only when somebody looks at its events again.</summary>
    private static readonly TimeSpan SettleTime = TimeSpan.FromMilliseconds(250);

    private readonly EventLoop _loop;
    private readonly LoopTimer _later;
    private FileDescriptor? _connection;
    private EventLoop.Watch? _watch;
    private ConsoleInput? _console;
    private nint _context;
    private GlVersion _version;

    private SdlVideo(EventLoop loop)
    {
        _loop = loop;
        _later = new LoopTimer(loop, Sdl.SDL_PumpEvents);
        Driver = Sdl.GetCurrentVideoDriver();
    }

    /// <summary>SDL's name of the window system: x11, wayland, KMSDRM.</summary>
    public string Driver { get; }

    /// <summary>Connects to the window system.</summary>
    /// <param name="system">The only one that is tried; null: any, Wayland first.</param>
    /// <exception cref="CliException">SDL or a display is missing; the message says what to do.</exception>
    public static SdlVideo Open(EventLoop loop, string? system)
    {
        if (!NativeLibrary.TryLoad(Sdl.Library, typeof(Sdl).Assembly, null, out _))
        {
            throw new CliException(ExitCodes.Unfit, $"a window needs {Sdl.Library}, which is missing: apt install libsdl2-2.0-0");
        }
        // An EGL context on X11 too, for the import of dma-bufs. The program handles signals itself.
        _ = Sdl.SDL_SetHint("SDL_VIDEO_X11_FORCE_EGL", "1");
        _ = Sdl.SDL_SetHint("SDL_NO_SIGNAL_HANDLERS", "1");
        _ = Sdl.SDL_SetHint("SDL_VIDEO_ALLOW_SCREENSAVER", "1");
        _ = Sdl.SDL_SetHint("SDL_VIDEO_MINIMIZE_ON_FOCUS_LOSS", "0");
        _ = Sdl.SDL_SetHint("SDL_VIDEO_X11_NET_WM_BYPASS_COMPOSITOR", "0");
        _ = Sdl.SDL_SetHint("SDL_MOUSE_FOCUS_CLICKTHROUGH", "1");
        _ = Sdl.SDL_SetHint("SDL_TOUCH_MOUSE_EVENTS", "0");
        _ = Sdl.SDL_SetHint("SDL_MOUSE_TOUCH_EVENTS", "0");
        _ = Sdl.SDL_setenv("SDL_VIDEO_X11_WMCLASS", "fbshare", 0);
        _ = Sdl.SDL_setenv("SDL_VIDEO_WAYLAND_WMCLASS", "fbshare", 0);
        if (system is not null)
        {
            _ = Sdl.SDL_setenv("SDL_VIDEODRIVER", system, 1);
        }
        string? asked = system ?? (Environment.GetEnvironmentVariable("SDL_VIDEODRIVER") is { Length: > 0 } named ? named : null);
        // Wayland's library complains on stderr where there is no folder for its sockets.
        bool triesWayland = asked?.Contains("wayland", StringComparison.Ordinal) ?? Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR") is { Length: > 0 };
        string? noWayland = triesWayland ? SeatProbe.FindObstacle() : null;
        if (noWayland is not null && asked is not null)
        {
            throw new CliException(ExitCodes.Unfit, $"no window can be opened here: {noWayland}");
        }
        // Only those drivers that show something.
        _ = Sdl.SDL_SetHint("SDL_VIDEODRIVER", triesWayland && noWayland is null ? "wayland,x11,KMSDRM" : "x11,KMSDRM");
        if (Sdl.SDL_Init(Sdl.SDL_INIT_VIDEO) != 0)
        {
            throw new CliException(ExitCodes.Unfit, $"no window can be opened here: {Sdl.GetError()}{(noWayland is null ? "" : $"; {noWayland}")}");
        }
        var video = new SdlVideo(loop);
        // What is typed goes to the guest as keys, not through an input method.
        Sdl.SDL_StopTextInput();
        return video;
    }

    /// <summary>Opens a hidden window for OpenGL and makes the context current on it.</summary>
    /// <exception cref="CliException">There is no OpenGL for it.</exception>
    public SdlWindow OpenGLWindow(string title, (int Width, int Height) size)
    {
        if (_context != 0)
        {
            nint further = Create(_version, title, size.Width, size.Height);
            return further != 0 ? new SdlWindow(further, _context) : throw NoWindow();
        }
        foreach (GlVersion version in (ReadOnlySpan<GlVersion>)[GlVersion.Es3, GlVersion.Desktop, GlVersion.Es2])
        {
            nint window = Create(version, title, size.Width, size.Height);
            _context = window != 0 ? Sdl.SDL_GL_CreateContext(window) : 0;
            if (_context != 0)
            {
                _version = version;
                return Watched(new SdlWindow(window, _context));
            }
            if (window != 0)
            {
                Sdl.SDL_DestroyWindow(window);
            }
        }
        throw NoWindow();

        static CliException NoWindow() => new(
            ExitCodes.Unfit, $"no window with OpenGL can be opened here: {Sdl.GetError()} (Debian: apt install libegl1 libgl1-mesa-dri)");
    }

    /// <summary>Opens a hidden window that is drawn without OpenGL, which is not even loaded for it.</summary>
    /// <exception cref="CliException">It cannot be opened.</exception>
    public SdlWindow OpenPlainWindow(string title, (int Width, int Height) size)
    {
        nint window = Create(title, size.Width, size.Height, 0);
        return window != 0 ? Watched(new SdlWindow(window, 0)) : throw new CliException(ExitCodes.Unfit, $"no window can be opened here: {Sdl.GetError()}");
    }

    /// <summary>Lets go of OpenGL, whose windows are gone.</summary>
    public void CloseGL()
    {
        Sdl.SDL_GL_DeleteContext(_context);
        _context = 0;
    }

    /// <summary>The next event, if there is one.</summary>
    public static bool TryPoll(out Sdl.Event e) => Sdl.SDL_PollEvent(out e) != 0;

    public void Dispose()
    {
        _later.Dispose();
        _watch?.Dispose();
        _console?.Dispose();
        _connection?.Dispose();
        if (_context != 0)
        {
            Sdl.SDL_GL_DeleteContext(_context);
        }
        Sdl.SDL_Quit();
    }

    private static nint Create(GlVersion version, string title, int width, int height)
    {
        _ = Sdl.SDL_GL_SetAttribute(Sdl.SDL_GL_RED_SIZE, 8);
        _ = Sdl.SDL_GL_SetAttribute(Sdl.SDL_GL_GREEN_SIZE, 8);
        _ = Sdl.SDL_GL_SetAttribute(Sdl.SDL_GL_BLUE_SIZE, 8);
        _ = Sdl.SDL_GL_SetAttribute(Sdl.SDL_GL_DEPTH_SIZE, 0);
        _ = Sdl.SDL_GL_SetAttribute(Sdl.SDL_GL_CONTEXT_PROFILE_MASK, version.IsEmbedded ? Sdl.SDL_GL_CONTEXT_PROFILE_ES : Sdl.SDL_GL_CONTEXT_PROFILE_CORE);
        _ = Sdl.SDL_GL_SetAttribute(Sdl.SDL_GL_CONTEXT_MAJOR_VERSION, version.Major);
        _ = Sdl.SDL_GL_SetAttribute(Sdl.SDL_GL_CONTEXT_MINOR_VERSION, version.Minor);
        return Create(title, width, height, Sdl.SDL_WINDOW_OPENGL);
    }

    /// <summary>SDL opens windows by its own units; how many pixels they are is known with the window, and a driver's buffers are made with it.</summary>
    private static nint Create(string title, int width, int height, uint flags)
    {
        nint window = CreateUnits(title, width, height, flags);
        if (window == 0)
        {
            return 0;
        }
        UnitScale scale = SdlWindow.ScaleOf(window);
        if (scale == UnitScale.Whole)
        {
            return window;
        }
        Sdl.SDL_DestroyWindow(window);
        return CreateUnits(title, scale.UnitsFor(width), scale.UnitsFor(height), flags);
    }

    private static nint CreateUnits(string title, int width, int height, uint flags) => Sdl.SDL_CreateWindow(
        title, Sdl.SDL_WINDOWPOS_UNDEFINED, Sdl.SDL_WINDOWPOS_UNDEFINED, width, height,
        flags | Sdl.SDL_WINDOW_RESIZABLE | Sdl.SDL_WINDOW_ALLOW_HIGHDPI | Sdl.SDL_WINDOW_HIDDEN);

    /// <summary>Has the loop look at the window system's connection, which is known with the first window.</summary>
    private SdlWindow Watched(SdlWindow window)
    {
        if (_watch is not null || _console is not null)
        {
            return window;
        }
        Sdl.WindowManagerInfo info = window.GetInfo();
        int number = info.subsystem switch
        {
            Sdl.SDL_SYSWM_X11 => WindowSystem.XConnectionNumber(info.display),
            Sdl.SDL_SYSWM_WAYLAND => WindowSystem.wl_display_get_fd(info.display),
            _ => -1,
        };
        if (number < 0)
        {
            _console = new ConsoleInput(_loop, Sdl.SDL_PumpEvents);
            return window;
        }
        _connection = FileDescriptor.DuplicateOf(number);
        _watch = _loop.Add(_connection, LoopEvents.Readable, _ =>
        {
            Sdl.SDL_PumpEvents();
            if (_later.DueAt is null)
            {
                _later.SetAfter(SettleTime);
            }
        });
        return window;
    }
}
