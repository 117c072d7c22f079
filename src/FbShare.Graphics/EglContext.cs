namespace FbShare.Graphics;

/// <summary>An OpenGL or OpenGL ES context, current on the thread that made it until disposed there.</summary>
public sealed unsafe class EglContext : IDisposable
{
    private readonly nint _config;
    private nint _context;
    private nint _surface;

    private EglContext(EglDisplay display, nint config, nint context)
    {
        Display = display;
        _config = config;
        _context = context;
    }

    /// <summary>Stays the caller's, who disposes it after this.</summary>
    public EglDisplay Display { get; }

    /// <summary>A context that draws to framebuffer objects only.</summary>
    /// <exception cref="GraphicsException">The driver has no such context.</exception>
    public static EglContext Create(EglDisplay display, GlVersion version)
    {
        if (!display.Has("EGL_KHR_surfaceless_context"))
        {
            throw new GraphicsException($"{display} cannot draw without a window (EGL_KHR_surfaceless_context is missing)");
        }
        EglContext context = Create(display, version, surfaceType: 0);
        context.MakeCurrent();
        return context;
    }

    /// <summary>A context that draws to a window.</summary>
    /// <param name="nativeWindow">As the platform's extension wants it: for X11 a pointer to the window's number, for Wayland
    /// a wl_egl_window*. Stays the caller's.</param>
    /// <exception cref="GraphicsException">The driver has no such context, or cannot draw to the window.</exception>
    public static EglContext CreateForWindow(EglDisplay display, GlVersion version, void* nativeWindow)
    {
        EglContext context = Create(display, version, Egl.EGL_WINDOW_BIT);
        context._surface = Egl.eglCreatePlatformWindowSurface(display.Handle, context._config, nativeWindow, null);
        if (context._surface == 0)
        {
            string why = Egl.DescribeError();
            context.Dispose();
            throw new GraphicsException($"{display} cannot draw to the window: {why}");
        }
        context.MakeCurrent();
        return context;
    }

    /// <summary>The X11 visual that windows for this display should have.</summary>
    /// <inheritdoc cref="CreateForWindow"/>
    public static int GetWindowVisual(EglDisplay display, GlVersion version)
    {
        _ = Egl.eglGetConfigAttrib(display.Handle, ChooseConfig(display, version, Egl.EGL_WINDOW_BIT), Egl.EGL_NATIVE_VISUAL_ID, out int visual);
        return visual;
    }

    /// <exception cref="GraphicsException">The driver refused.</exception>
    public void MakeCurrent()
    {
        if (Egl.eglMakeCurrent(Display.Handle, _surface, _surface, _context) == Egl.EGL_FALSE)
        {
            throw new GraphicsException($"the OpenGL context cannot be made current: {Egl.DescribeError()}");
        }
    }

    /// <summary>Frames of the display that a swap waits for; 0: it does not wait.</summary>
    public void SetSwapInterval(int interval) => _ = Egl.eglSwapInterval(Display.Handle, interval);

    /// <summary>Shows what was drawn to the window.</summary>
    /// <exception cref="GraphicsException">The window or the context is gone.</exception>
    public void SwapBuffers()
    {
        if (Egl.eglSwapBuffers(Display.Handle, _surface) == Egl.EGL_FALSE)
        {
            throw new GraphicsException($"the window cannot be shown: {Egl.DescribeError()}");
        }
    }

    public void Dispose()
    {
        if (_context == 0)
        {
            return;
        }
        _ = Egl.eglMakeCurrent(Display.Handle, 0, 0, 0);
        if (_surface != 0)
        {
            _ = Egl.eglDestroySurface(Display.Handle, _surface);
        }
        _ = Egl.eglDestroyContext(Display.Handle, _context);
        _context = 0;
    }

    private static EglContext Create(EglDisplay display, GlVersion version, int surfaceType)
    {
        nint config = ChooseConfig(display, version, surfaceType);
        int* attributes = stackalloc int[7]
        {
            Egl.EGL_CONTEXT_MAJOR_VERSION, version.Major,
            Egl.EGL_CONTEXT_MINOR_VERSION, version.Minor,
            version.IsEmbedded ? Egl.EGL_NONE : Egl.EGL_CONTEXT_OPENGL_PROFILE_MASK, Egl.EGL_CONTEXT_OPENGL_CORE_PROFILE_BIT,
            Egl.EGL_NONE,
        };
        nint context = Egl.eglCreateContext(display.Handle, config, 0, attributes);
        return context != 0
            ? new EglContext(display, config, context)
            : throw new GraphicsException($"{display} has no {version}: {Egl.DescribeError()}");
    }

    private static nint ChooseConfig(EglDisplay display, GlVersion version, int surfaceType)
    {
        if (Egl.eglBindAPI(version.IsEmbedded ? Egl.EGL_OPENGL_ES_API : Egl.EGL_OPENGL_API) == Egl.EGL_FALSE)
        {
            throw new GraphicsException($"{display} has no {version}: {Egl.DescribeError()}");
        }
        int* attributes = stackalloc int[11]
        {
            Egl.EGL_SURFACE_TYPE, surfaceType,
            Egl.EGL_RENDERABLE_TYPE, version.IsEmbedded ? Egl.EGL_OPENGL_ES2_BIT : Egl.EGL_OPENGL_BIT,
            Egl.EGL_RED_SIZE, 8,
            Egl.EGL_GREEN_SIZE, 8,
            Egl.EGL_BLUE_SIZE, 8,
            Egl.EGL_NONE,
        };
        nint config;
        return Egl.eglChooseConfig(display.Handle, attributes, &config, 1, out int count) != Egl.EGL_FALSE && count > 0
            ? config
            : throw new GraphicsException($"{display} has no 8-bit {version} configuration: {Egl.DescribeError()}");
    }
}

/// <summary>Which OpenGL.</summary>
/// <param name="IsEmbedded">OpenGL ES.</param>
public readonly record struct GlVersion(bool IsEmbedded, int Major, int Minor)
{
    /// <summary>Desktop OpenGL 3.3, core profile.</summary>
    public static GlVersion Desktop => new(false, 3, 3);

    public static GlVersion Es3 => new(true, 3, 0);

    public static GlVersion Es2 => new(true, 2, 0);

    public override string ToString() => $"OpenGL{(IsEmbedded ? " ES" : "")} {Major}.{Minor}";
}
