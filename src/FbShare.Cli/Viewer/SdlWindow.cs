namespace FbShare.Cli.Viewer;

/// <summary>One window, in pixels: SDL's own units differ from them where the display is scaled.</summary>
internal sealed class SdlWindow : IDisposable
{
    private const int UsualRefresh = 60;

    private readonly nint _window;
    private readonly nint _context;
    private readonly (int Width, int Height) _openedAs;
    private string _title = "";

    /// <param name="window">Owned from here on.</param>
    /// <param name="context">OpenGL's, shared, stays the caller's; 0: it is drawn in another way.</param>
    public SdlWindow(nint window, nint context)
    {
        _window = window;
        _context = context;
        Id = Sdl.SDL_GetWindowID(window);
        _openedAs = Units;
    }

    /// <summary>SDL's number for it, in events.</summary>
    public uint Id { get; }

    /// <summary>X11's number for it; null where it is no window of an X server.</summary>
    public uint? XId => GetInfo() is { subsystem: Sdl.SDL_SYSWM_X11, window: var id } ? (uint)id : null;

    /// <summary>Whether its pixels are bytes B, G, R and one more.</summary>
    public bool HasUsualPixels => Sdl.SDL_GetWindowPixelFormat(_window) is Sdl.SDL_PIXELFORMAT_RGB888 or Sdl.SDL_PIXELFORMAT_ARGB8888;

    /// <summary>Pixels to draw.</summary>
    public (int Width, int Height) Size
    {
        get
        {
            Sdl.SDL_GL_GetDrawableSize(_window, out int width, out int height);
            return (Math.Max(width, 1), Math.Max(height, 1));
        }
    }

    /// <summary>Pixels per unit of pointer events.</summary>
    public double PixelScale => Units.Width > 0 ? (double)Size.Width / Units.Width : 1;

    /// <summary>How many pixels a unit of a window is, where that is now.</summary>
    public static UnitScale ScaleOf(nint window)
    {
        Sdl.SDL_GL_GetDrawableSize(window, out int pixels, out _);
        Sdl.SDL_GetWindowSize(window, out int units, out _);
        return UnitScale.Of(pixels, units);
    }

    /// <summary>Whether nobody has given it another size yet.</summary>
    public bool IsAsOpened => Units == _openedAs;

    /// <summary>How often per second the display that it is on shows a new picture.</summary>
    public int RefreshHz
    {
        get
        {
            int display = Sdl.SDL_GetWindowDisplayIndex(_window);
            return display >= 0 && Sdl.SDL_GetCurrentDisplayMode(display, out Sdl.DisplayMode mode) == 0 && mode.refresh_rate > 0 ? mode.refresh_rate : UsualRefresh;
        }
    }

    public bool IsFullscreen => (Sdl.SDL_GetWindowFlags(_window) & Sdl.SDL_WINDOW_FULLSCREEN_DESKTOP) == Sdl.SDL_WINDOW_FULLSCREEN_DESKTOP;

    public bool IsMaximized => (Sdl.SDL_GetWindowFlags(_window) & Sdl.SDL_WINDOW_MAXIMIZED) != 0;

    public bool IsVisible => (Sdl.SDL_GetWindowFlags(_window) & (Sdl.SDL_WINDOW_MINIMIZED | Sdl.SDL_WINDOW_HIDDEN)) == 0;

    public void Show() => Sdl.SDL_ShowWindow(_window);

    /// <returns>Whether it had another one.</returns>
    public bool SetTitle(string title)
    {
        if (title == _title)
        {
            return false;
        }
        _title = title;
        Sdl.SDL_SetWindowTitle(_window, title);
        return true;
    }

    /// <param name="pixels">Bytes B, G, R, A, not multiplied, packed rows.</param>
    public unsafe void SetIcon(ReadOnlySpan<byte> pixels, int width, int height)
    {
        fixed (byte* at = pixels)
        {
            // SAFETY: the pixels are pinned while the surface, which does not copy them, is there; the window copies them.
            nint surface = Sdl.SDL_CreateRGBSurfaceWithFormatFrom(at, width, height, 32, width * 4, Sdl.SDL_PIXELFORMAT_ARGB8888);
            Sdl.SDL_SetWindowIcon(_window, surface);
            Sdl.SDL_FreeSurface(surface);
        }
    }

    /// <summary>Asks for a size that has room for a picture.</summary>
    /// <param name="width">Pixels.</param>
    /// <param name="height">Pixels.</param>
    /// <returns>The pixels of that size, which is one of whole units.</returns>
    public (int Width, int Height) Resize(int width, int height)
    {
        UnitScale scale = ScaleOf(_window);
        (int across, int down) = (scale.UnitsFor(width), scale.UnitsFor(height));
        Sdl.SDL_SetWindowSize(_window, across, down);
        return (scale.PixelsOf(across), scale.PixelsOf(down));
    }

    public void SetFullscreen(bool on) => _ = Sdl.SDL_SetWindowFullscreen(_window, on ? Sdl.SDL_WINDOW_FULLSCREEN_DESKTOP : 0);

    /// <summary>Takes the keyboard, and the pointer, from the other windows.</summary>
    /// <param name="relative">The pointer's movements only: it is hidden and has no place.</param>
    public void SetGrab(bool on, bool relative)
    {
        Sdl.SDL_SetWindowKeyboardGrab(_window, on ? 1 : 0);
        Sdl.SDL_SetWindowMouseGrab(_window, on ? 1 : 0);
        _ = Sdl.SDL_SetRelativeMouseMode(on && relative ? 1 : 0);
    }

    /// <summary>The size in SDL's own units.</summary>
    private (int Width, int Height) Units
    {
        get
        {
            Sdl.SDL_GetWindowSize(_window, out int width, out int height);
            return (width, height);
        }
    }

    /// <summary>Lets OpenGL draw here.</summary>
    public void MakeCurrent() => _ = Sdl.SDL_GL_MakeCurrent(_window, _context);

    /// <summary>Shows what was drawn.</summary>
    public void Swap() => Sdl.SDL_GL_SwapWindow(_window);

    public void Dispose() => Sdl.SDL_DestroyWindow(_window);

    /// <summary>What the window system calls it; zeros where SDL does not say.</summary>
    public Sdl.WindowManagerInfo GetInfo()
    {
        // The struct that 2.0.6 has, the first with Wayland's part.
        var info = new Sdl.WindowManagerInfo { major = 2, minor = 0, patch = 6 };
        return Sdl.SDL_GetWindowWMInfo(_window, ref info) == 0 ? default : info;
    }
}
