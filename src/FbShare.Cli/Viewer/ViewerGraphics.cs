using FbShare.Graphics;
using FbShare.Pictures;
using Silk.NET.OpenGL;

namespace FbShare.Cli.Viewer;

/// <summary>OpenGL of the windows' context: the renderer, and the importer where the driver's imports can be trusted.</summary>
internal sealed class ViewerGraphics : IDrawing
{
    private readonly EglDisplay _display;
    private readonly DmaBufImporter? _importer;

    /// <summary>Takes the context that is current.</summary>
    /// <exception cref="GraphicsException">No context is current, or its driver is too old.</exception>
    public ViewerGraphics()
    {
        GL = ContextGL.OfCurrent();
        _display = EglDisplay.OfCurrent();
        Renderer = new PictureRenderer(GL, GL.Version);
        _importer = DmaBufImporter.Find(_display, GL, Renderer, out ImportProbe probe);
        Obstacle = probe.IsTrusted ? null : probe.Reason;
    }

    public ContextGL GL { get; }

    public PictureRenderer Renderer { get; }

    /// <summary>Why dma-bufs cannot be taken here; null where they can.</summary>
    public string? Obstacle { get; }

    /// <summary>The driver's name for messages.</summary>
    public string Name => $"{GL.Renderer}, {GL.Version}";

    /// <summary>A window's imports; null where dma-bufs cannot be taken here.</summary>
    public ImportCache? CreateImports() => _importer is null ? null : new ImportCache(_importer);

    /// <summary>Black all over.</summary>
    public void Clear((int Width, int Height) framebuffer)
    {
        GL.Viewport(0, 0, (uint)framebuffer.Width, (uint)framebuffer.Height);
        GL.ClearColor(0, 0, 0, 1);
        GL.Clear(ClearBufferMask.ColorBufferBit);
    }

    /// <summary>Draws over what is there, colours multiplied by alpha.</summary>
    public void Blend(PictureTexture picture, Rect target, (int Width, int Height) framebuffer) =>
        Renderer.Blend(picture, target, framebuffer, isWindow: true);

    /// <summary>Marks this moment of drawing; null where the driver cannot, and has been made to finish instead.</summary>
    public EglFence? Fence()
    {
        try
        {
            return new EglFence(_display);
        }
        catch (GraphicsException)
        {
            GL.Finish();
            return null;
        }
    }

    public void Pump()
    {
        // SDL's own business.
    }

    public IWindowPainter CreatePainter(SdlWindow window) => new GlPainter(window, this);

    public void Dispose()
    {
        Renderer.Dispose();
        _display.Dispose();
    }
}
