namespace FbShare.Graphics;

/// <summary>An OpenGL or OpenGL ES context that draws to framebuffer objects only, current on the thread that made it until disposed there.</summary>
public sealed class EglContext : IDisposable
{
    private readonly EglDisplay _display;
    private nint _context;

    private EglContext(EglDisplay display, nint context)
    {
        _display = display;
        _context = context;
    }

    /// <summary>Makes one and makes it current.</summary>
    /// <param name="display">Stays the caller's, who disposes it after the context.</param>
    /// <param name="version">Which OpenGL.</param>
    /// <exception cref="GraphicsException">The driver has no such context.</exception>
    public static unsafe EglContext Create(EglDisplay display, GlVersion version)
    {
        if (!display.Has("EGL_KHR_surfaceless_context"))
        {
            throw new GraphicsException($"{display} cannot draw without a window (EGL_KHR_surfaceless_context is missing)");
        }
        nint config = ChooseConfig(display, version);
        // SAFETY: the list ends with EGL_NONE and is read during the call.
        int* attributes = stackalloc int[7]
        {
            Egl.EGL_CONTEXT_MAJOR_VERSION, version.Major,
            Egl.EGL_CONTEXT_MINOR_VERSION, version.Minor,
            version.IsEmbedded ? Egl.EGL_NONE : Egl.EGL_CONTEXT_OPENGL_PROFILE_MASK, Egl.EGL_CONTEXT_OPENGL_CORE_PROFILE_BIT,
            Egl.EGL_NONE,
        };
        nint handle = Egl.eglCreateContext(display.Handle, config, 0, attributes);
        if (handle == 0)
        {
            throw new GraphicsException($"{display} has no {version}: {Egl.DescribeError()}");
        }
        var context = new EglContext(display, handle);
        if (Egl.eglMakeCurrent(display.Handle, 0, 0, handle) == Egl.EGL_FALSE)
        {
            string why = Egl.DescribeError();
            context.Dispose();
            throw new GraphicsException($"the {version} context of {display} cannot be made current: {why}");
        }
        return context;
    }

    /// <summary>Destroys the context. It must not be current in another thread.</summary>
    public void Dispose()
    {
        if (_context == 0)
        {
            return;
        }
        _ = Egl.eglMakeCurrent(_display.Handle, 0, 0, 0);
        _ = Egl.eglDestroyContext(_display.Handle, _context);
        _context = 0;
    }

    private static unsafe nint ChooseConfig(EglDisplay display, GlVersion version)
    {
        if (Egl.eglBindAPI(version.IsEmbedded ? Egl.EGL_OPENGL_ES_API : Egl.EGL_OPENGL_API) == Egl.EGL_FALSE)
        {
            throw new GraphicsException($"{display} has no {version}: {Egl.DescribeError()}");
        }
        // SAFETY: the list ends with EGL_NONE and is read during the call, which writes at most the one configuration there is room for.
        int* attributes = stackalloc int[11]
        {
            Egl.EGL_SURFACE_TYPE, 0, // no window, no buffer of EGL's own
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
