namespace FbShare.Graphics;

/// <summary>A driver ready to draw without a window: display, context, and the importer where the driver's imports can be trusted.</summary>
/// <remarks>Used and disposed on the thread that opened it.</remarks>
public sealed class GraphicsDevice : IDisposable
{
    private readonly EglContext _context;

    private GraphicsDevice(EglDisplay display, EglContext context, GlVersion version)
    {
        Display = display;
        _context = context;
        GL = ContextGL.OfCurrent();
        Renderer = new PictureRenderer(GL, version);
        Importer = DmaBufImporter.Find(display, GL, Renderer, out ImportProbe import);
        Import = import;
    }

    /// <summary>The EGL display, owned by this.</summary>
    public EglDisplay Display { get; }

    /// <summary>OpenGL in the context that was made current when this was opened.</summary>
    public ContextGL GL { get; }

    /// <summary>Draws textures, owned by this.</summary>
    public PictureRenderer Renderer { get; }

    /// <summary>Takes dma-bufs; null where <see cref="Import"/> says why not.</summary>
    public DmaBufImporter? Importer { get; }

    /// <summary>Whether imports are trusted, and why.</summary>
    public ImportProbe Import { get; }

    /// <summary>Makes a context on a display and finds out what it can do.</summary>
    /// <param name="display">Owned by the device from here on, also when this fails.</param>
    /// <param name="version">Which OpenGL.</param>
    /// <exception cref="GraphicsException">The driver has no such context.</exception>
    public static GraphicsDevice Open(EglDisplay display, GlVersion version)
    {
        EglContext? context = null;
        try
        {
            context = EglContext.Create(display, version);
            return new GraphicsDevice(display, context, version);
        }
        catch
        {
            context?.Dispose();
            display.Dispose();
            throw;
        }
    }

    /// <summary>The best driver of the machine: a hardware device, else the software device, else whatever EGL offers without a window.</summary>
    /// <param name="tell">Takes a line for each driver that is not used, and why.</param>
    /// <remarks>A DRM node whose driver draws with the CPU is not used; the software device is: imports through
    /// such a node can crash the process (seen with vgem).</remarks>
    /// <exception cref="GraphicsException">There is none; the message says what was tried.</exception>
    public static GraphicsDevice OpenBest(Action<string> tell)
    {
        string last = "EGL lists no device";
        foreach (EglDevice device in EglDevice.List())
        {
            if (TryOpen(() => EglDisplay.OpenDevice(device), mayBeSoftware: device.IsSoftware, ref last, tell) is { } found)
            {
                return found;
            }
        }
        return TryOpen(EglDisplay.OpenSurfaceless, mayBeSoftware: true, ref last, tell)
            ?? throw new GraphicsException($"no driver can draw here: {last}");
    }

    /// <summary>Destroys all of it, context and display too.</summary>
    public void Dispose()
    {
        Renderer.Dispose();
        _context.Dispose();
        Display.Dispose();
    }

    private static GraphicsDevice? TryOpen(Func<EglDisplay> open, bool mayBeSoftware, ref string last, Action<string> tell)
    {
        foreach (GlVersion version in (ReadOnlySpan<GlVersion>)[GlVersion.Es3, GlVersion.Desktop, GlVersion.Es2])
        {
            EglDisplay? display = null;
            try
            {
                display = open();
                if (!mayBeSoftware && IsSoftware(display, version))
                {
                    last = $"{display} draws with the CPU";
                    display.Dispose();
                    tell($"not used: {last}");
                    return null;
                }
                return Open(display, version);
            }
            catch (GraphicsException e)
            {
                display?.Dispose();
                last = e.Message;
            }
        }
        tell($"not used: {last}");
        return null;
    }

    private static bool IsSoftware(EglDisplay display, GlVersion version)
    {
        using EglContext context = EglContext.Create(display, version);
        return ContextGL.OfCurrent().IsSoftware;
    }
}
