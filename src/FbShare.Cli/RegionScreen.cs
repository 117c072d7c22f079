using FbShare.Capture;
using FbShare.Display;
using FbShare.Graphics;
using FbShare.Pictures;

namespace FbShare.Cli;

/// <summary>Looks at one picture in guest pages: drawn by the graphics driver from the pages themselves where that works, else copied.</summary>
internal sealed class RegionScreen : IDisposable
{
    private readonly Scanout _scanout;
    private readonly DmaBufExporter _exporter;
    private readonly GraphicsDevice? _device;
    private readonly ImportCache? _imports;
    private DmaBufFrame? _imported;
    private bool _refused;

    public RegionScreen(Scanout scanout, DmaBufExporter exporter, Log log)
    {
        _scanout = scanout;
        _exporter = exporter;
        try
        {
            _device = GraphicsDevice.OpenBest(log.Verbose);
            log.Verbose($"{_device.Display}, {_device.GL.Renderer}: {_device.Import.Reason}");
            _imports = _device.Importer is { } importer ? new ImportCache(importer) : null;
            if (_imports is null)
            {
                log.Warn($"the picture is copied: {_device.Import.Reason}");
            }
        }
        catch (GraphicsException e)
        {
            log.Warn($"the picture is copied: {e.Message}");
        }
    }

    /// <summary>How the last look was taken.</summary>
    public PathChoice? Path { get; private set; }

    /// <summary>The picture as it is now.</summary>
    public Picture Look()
    {
        Path = _exporter.Choose(0, _scanout, _imports is not null && !_refused ? PictureForms.All : PictureForms.BufferAnywhere);
        if (Path.Path == FramePath.Udmabuf)
        {
            try
            {
                return Draw(Import(_scanout.Export!.Frame!));
            }
            catch (GraphicsException e)
            {
                _refused = true;
                Path = new PathChoice(FramePath.Copy, e.Message);
            }
        }
        FrameLayout from = _scanout.Layout;
        FrameLayout to = FrameLayout.Packed(from.Format, from.Width, from.Height);
        byte[] pixels = new byte[to.End];
        _scanout.Guest!.CopyRows(from.Offset, from.Stride, from.RowBytes, from.Height, pixels, to.Stride);
        return new Picture(to.Format, to.Width, to.Height, pixels);
    }

    public void Dispose()
    {
        _imports?.Dispose();
        _device?.Dispose();
    }

    /// <summary>The frame's textures; those of the frame before it, which does not come again, are let go.</summary>
    private PictureTexture Import(DmaBufFrame frame)
    {
        if (_imported is not null && !ReferenceEquals(_imported, frame))
        {
            _imports!.Forget(_imported);
        }
        _imported = frame;
        return _imports!.Get(frame);
    }

    private Picture Draw(PictureTexture texture)
    {
        using var target = new OffscreenTarget(_device!.GL, texture.Width, texture.Height);
        target.Bind();
        _device.Renderer.Draw(texture, _scanout.Layout.Bounds, (texture.Width, texture.Height), isWindow: false, smooth: false);
        return target.Read();
    }
}
