using FbShare.Capture;
using FbShare.Display.Client;
using FbShare.Graphics;
using FbShare.Pictures;

namespace FbShare.DmaBufClient;

/// <summary>Keeps what the graphics driver saw in the first picture that came.</summary>
internal sealed class FirstPicture(GraphicsDevice graphics) : IDisplayView, IDisposable
{
    private readonly ImportCache? _imports = graphics.Importer is { } importer ? new ImportCache(importer) : null;
    private PictureTexture? _texture;

    /// <summary>What was seen; null until something was.</summary>
    public Picture? Seen { get; private set; }

    /// <summary>The picture's layout and its dma-bufs, in a line.</summary>
    public string Description { get; private set; } = "";

    /// <summary>Why nothing will be seen; null while something may.</summary>
    public string? Failure { get; set; }

    /// <summary>A new picture: an array of descriptors, each over some whole rows of the guest's own pages. Nearly always one.</summary>
    public string? Show(RemotePicture picture)
    {
        if (picture.DmaBuf is not { } frame)
        {
            Failure = "the display gives a copy and no dma-buf: run fbshare probe to see why";
            return null;
        }
        if (_imports is null)
        {
            return Failure = $"this graphics driver cannot import dma-bufs: {graphics.Import.Reason}";
        }
        try
        {
            _texture = _imports.Get(frame);
        }
        catch (GraphicsException e)
        {
            return Failure = e.Message;
        }
        Description = $"{frame.Width}x{frame.Height} {frame.Format}, modifier 0x{picture.Modifier:x}, "
            + string.Join(", ", frame.Bands.Select(b => $"dma-buf of {b.Length} bytes with rows {b.Y} to {b.Y + b.Height - 1} from byte {b.Offset}, {b.Stride} apart"));
        return null;
    }

    /// <summary>The guest has drawn. The texture is its pages: nothing is imported or copied for this.</summary>
    /// <returns>True: it has been read, so that the guest may go on.</returns>
    public bool Update(Rect damage)
    {
        if (Seen is null && _texture is not null)
        {
            using var target = new OffscreenTarget(graphics.GL, _texture.Width, _texture.Height);
            target.Bind();
            graphics.Renderer.Draw(_texture, new Rect(0, 0, target.Width, target.Height), (target.Width, target.Height), isWindow: false, smooth: false);
            Seen = target.Read();
        }
        return true;
    }

    public void Forget(RemotePicture picture)
    {
        if (picture.DmaBuf is { } frame)
        {
            _imports?.Forget(frame);
        }
    }

    public void Disable()
    {
    }

    public void DefineCursor(CursorImage image)
    {
    }

    public void MoveCursor(CursorPosition position)
    {
    }

    public void Dispose() => _imports?.Dispose();
}
