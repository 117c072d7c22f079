using FbShare.Capture;
using FbShare.Graphics;
using FbShare.Pictures;

namespace FbShare.Cli;

/// <summary>Reads pictures in dma-bufs through the graphics driver: imported, drawn and read back, as a viewer shows them.</summary>
internal sealed class GlReader : IDisposable
{
    private readonly GraphicsDevice _device;
    private readonly ImportCache _imports;
    private DmaBufFrame? _last;

    private GlReader(GraphicsDevice device, DmaBufImporter importer)
    {
        _device = device;
        _imports = new ImportCache(importer);
    }

    /// <summary>The driver's name.</summary>
    public string Driver => $"{_device.Display}, {_device.GL.Renderer}";

    /// <summary>Opens the best driver of the machine.</summary>
    /// <param name="tell">Takes what is of interest to who looks closely.</param>
    /// <exception cref="GraphicsException">None can draw here, or its imports cannot be trusted.</exception>
    public static GlReader Open(Action<string> tell)
    {
        GraphicsDevice device = GraphicsDevice.OpenBest(tell);
        tell($"{device.Display}, {device.GL.Renderer}: {device.Import.Reason}");
        if (device.Importer is { } importer)
        {
            return new GlReader(device, importer);
        }
        using (device)
        {
            throw new GraphicsException(device.Import.Reason);
        }
    }

    /// <summary>The picture as it is now.</summary>
    /// <param name="frame">Stays the caller's, and imported until another one is read.</param>
    /// <param name="isBottomUp">Whether its first row is the picture's last.</param>
    /// <exception cref="GraphicsException">The driver refused.</exception>
    public Picture Read(DmaBufFrame frame, bool isBottomUp = false)
    {
        if (_last is not null && !ReferenceEquals(_last, frame))
        {
            _imports.Forget(_last);
        }
        _last = frame;
        PictureTexture texture = _imports.Get(frame);
        using var target = new OffscreenTarget(_device.GL, texture.Width, texture.Height);
        target.Bind();
        // A window's first row is the bottom one, so a picture that stands on its head comes out upright.
        _device.Renderer.Draw(texture, new Rect(0, 0, texture.Width, texture.Height), (texture.Width, texture.Height), isWindow: isBottomUp, smooth: false);
        return target.Read();
    }

    public void Dispose()
    {
        _imports.Dispose();
        _device.Dispose();
    }
}
