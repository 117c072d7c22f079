namespace FbShare.Graphics;

/// <summary>A connection to a driver: EGLDisplay, initialised, with what it can do.</summary>
/// <remarks>EGL has one display per platform and native display in a process: only its last user may dispose it.</remarks>
public sealed class EglDisplay : IDisposable
{
    private readonly bool _owned;
    private readonly HashSet<string> _extensions;
    private readonly GbmDevice? _gbm;
    private bool _disposed;

    private EglDisplay(nint handle, string name, bool owned, GbmDevice? gbm = null)
    {
        Handle = handle;
        _owned = owned;
        _gbm = gbm;
        _extensions = [.. Egl.QueryString(handle, Egl.EGL_EXTENSIONS).Split(' ')];
        Name = name;
        Vendor = $"{Egl.QueryString(handle, Egl.EGL_VENDOR)} EGL {Egl.QueryString(handle, Egl.EGL_VERSION)}";
    }

    /// <summary>The platform and the device, for messages.</summary>
    public string Name { get; }

    /// <summary>Who made the driver, and its EGL version.</summary>
    public string Vendor { get; }

    internal nint Handle { get; }

    /// <summary>No window, no DRM node needed (EGL_MESA_platform_surfaceless).</summary>
    /// <exception cref="GraphicsException">There is no EGL, or it cannot do this.</exception>
    public static EglDisplay OpenSurfaceless() =>
        Open(Egl.EGL_PLATFORM_SURFACELESS_MESA, 0, "EGL_MESA_platform_surfaceless", "surfaceless");

    /// <summary>One device, without a window (EGL_EXT_platform_device).</summary>
    /// <inheritdoc cref="OpenSurfaceless"/>
    public static EglDisplay OpenDevice(EglDevice device) =>
        Open(Egl.EGL_PLATFORM_DEVICE_EXT, device.Handle, "EGL_EXT_platform_device", $"EGL device {device}");

    /// <summary>A DRM node through libgbm (EGL_KHR_platform_gbm).</summary>
    /// <param name="node">Such as /dev/dri/renderD128.</param>
    /// <inheritdoc cref="OpenSurfaceless"/>
    public static EglDisplay OpenGbm(string node)
    {
        GbmDevice gbm = GbmDevice.Open(node);
        try
        {
            return Open(Egl.EGL_PLATFORM_GBM_KHR, gbm.DangerousGetHandle(), "EGL_KHR_platform_gbm", $"gbm {node}", gbm);
        }
        catch
        {
            gbm.Dispose();
            throw;
        }
    }

    /// <summary>An X11 display.</summary>
    /// <param name="display">Xlib's Display*, or 0 for the default one; stays the caller's.</param>
    /// <inheritdoc cref="OpenSurfaceless"/>
    public static EglDisplay OpenX11(nint display) => Open(Egl.EGL_PLATFORM_X11_KHR, display, "EGL_KHR_platform_x11", "X11");

    /// <summary>The display of the context that somebody else (a window toolkit) made current on this thread; it stays theirs.</summary>
    /// <exception cref="GraphicsException">No EGL context is current.</exception>
    public static EglDisplay OfCurrent()
    {
        Egl.Load();
        nint display = Egl.eglGetCurrentDisplay();
        return display != 0
            ? new EglDisplay(display, "the window's display", owned: false)
            : throw new GraphicsException("the window's OpenGL context is not EGL's (with SDL on X11, set SDL_VIDEO_X11_FORCE_EGL=1)");
    }

    /// <summary>Whether the display lists an extension. (eglGetProcAddress answers any name, so this is the only way to know.)</summary>
    public bool Has(string extension) => _extensions.Contains(extension);

    /// <summary>Ends this use of the display.</summary>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }
        _disposed = true;
        if (_owned)
        {
            _ = Egl.eglTerminate(Handle);
        }
        _gbm?.Dispose();
    }

    /// <summary>For messages.</summary>
    public override string ToString() => $"{Name} ({Vendor})";

    internal static bool ClientHas(string extension) => Egl.QueryString(0, Egl.EGL_EXTENSIONS).Split(' ').Contains(extension);

    private static unsafe EglDisplay Open(uint platform, nint native, string extension, string name, GbmDevice? gbm = null)
    {
        Egl.Load();
        string twin = extension.Replace("_KHR_", "_EXT_", StringComparison.Ordinal).Replace("_EXT_platform_gbm", "_MESA_platform_gbm", StringComparison.Ordinal);
        if (!ClientHas(extension) && !ClientHas(twin))
        {
            throw new GraphicsException($"this EGL does not know {name} displays ({extension} is missing)");
        }
        // SAFETY: null is no attributes.
        nint handle = Egl.eglGetPlatformDisplay(platform, native, null);
        if (handle == 0 || Egl.eglInitialize(handle, out _, out _) == Egl.EGL_FALSE)
        {
            throw new GraphicsException($"no driver for {name}: {Egl.DescribeError()}");
        }
        return new EglDisplay(handle, name, owned: true, gbm);
    }
}
