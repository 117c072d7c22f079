using FbShare.Display.Client;
using FbShare.Graphics;
using FbShare.Linux;
using FbShare.Pictures;

namespace FbShare.Cli.Viewer;

/// <summary>A window drawn by OpenGL: the guest's picture imported without copying, or uploaded damage by damage.</summary>
internal sealed class GlPainter : IWindowPainter
{
    /// <summary>If the driver still reads a dma-buf after this time, it is not waited for any longer: the guest does not wait either.</summary>
    private static readonly TimeSpan ReadTime = TimeSpan.FromMilliseconds(40);

    private readonly SdlWindow _window;
    private readonly ViewerGraphics _graphics;
    private readonly ImportCache? _imports;
    private readonly List<(LayerImage Image, int Version, UploadTexture Texture)> _layers = [];
    private UploadTexture? _upload;
    private FrameLayout _uploadLayout;
    private bool _drawsImport;

    public GlPainter(SdlWindow window, ViewerGraphics graphics)
    {
        _window = window;
        _graphics = graphics;
        _imports = graphics.CreateImports();
    }

    public Action? Finished { get; set; }

    public bool IsBusy => false;

    public bool IsReading => false;

    public bool HandsOver => false;

    public (int Width, int Height)? Left => _upload is { Picture: var picture } ? (picture.Width, picture.Height) : null;

    public void Import(DmaBufFrame frame)
    {
        _window.MakeCurrent();
        _ = GetImport(frame);
    }

    public void Forget(RemotePicture picture, bool isReplaced)
    {
        if (picture.DmaBuf is { } frame)
        {
            _window.MakeCurrent();
            _imports?.Forget(frame);
        }
    }

    public void Invalidate()
    {
        // Every frame is drawn as a whole.
    }

    public long Draw(in Scene scene)
    {
        _window.MakeCurrent();
        long copied = 0;
        PictureTexture? picture = scene.Picture is null ? _upload?.Picture
            : scene.IsImported ? GetImport(scene.Picture.DmaBuf!)
            : Upload(scene.Picture, scene.Damage, out copied);
        _drawsImport = scene.IsImported;
        if (picture is null || scene.Place?.Covers(scene.Window) != true)
        {
            _graphics.Clear(scene.Window);
        }
        if (picture is not null && scene.Place is { Target: var place })
        {
            bool isBottomUp = scene.Picture is { IsBottomUp: true };
            // The other way up: mirrored target, and the framebuffer's other first row.
            Rect target = isBottomUp ? new Rect(place.X, scene.Window.Height - place.Bottom, place.Width, place.Height) : place;
            _graphics.Renderer.Draw(picture, target, scene.Window, isWindow: !isBottomUp, scene.IsSmooth);
        }
        DropLayersBut(scene.Layers);
        foreach (Layer layer in scene.Layers)
        {
            _graphics.Blend(TextureOf(layer.Image).Picture, layer.Target, scene.Window);
        }
        return copied;
    }

    public bool Present(bool reads, out long presented)
    {
        using EglFence? fence = reads && _drawsImport ? _graphics.Fence() : null;
        _window.Swap();
        presented = EventLoop.Now;
        fence?.Wait(ReadTime);
        return true;
    }

    public void Dispose()
    {
        _window.MakeCurrent();
        _imports?.Dispose();
        _upload?.Dispose();
        foreach ((_, _, UploadTexture texture) in _layers)
        {
            texture.Dispose();
        }
    }

    private PictureTexture GetImport(DmaBufFrame frame) => _imports?.Get(frame) ?? throw new GraphicsException(_graphics.Obstacle!);

    private PictureTexture Upload(RemotePicture picture, Region damage, out long copied)
    {
        copied = 0;
        // The only band's, from its first byte on.
        FrameLayout layout = picture.Layout.FromStart();
        if (_upload is null || layout != _uploadLayout)
        {
            _upload?.Dispose();
            _upload = new UploadTexture(_graphics.GL, layout);
            _uploadLayout = layout;
            damage.Add(layout.Bounds);
        }
        using RemotePicture.Reading reading = picture.Read(damage.Bounds);
        foreach (Rect part in damage.Rects)
        {
            _upload.Upload(reading.Pixels, part);
            copied += (long)part.Width * part.Height * DrmFormats.BytesPerPixel;
        }
        return _upload.Picture;
    }

    private UploadTexture TextureOf(LayerImage image)
    {
        int index = IndexOf(image);
        if (index >= 0 && _layers[index].Version == image.Version)
        {
            return _layers[index].Texture;
        }
        UploadTexture texture = index >= 0 ? _layers[index].Texture : new UploadTexture(_graphics.GL, FrameLayout.Packed(DrmFormat.AR24, image.Width, image.Height));
        texture.Upload(image.Pixels, new Rect(0, 0, image.Width, image.Height));
        if (index >= 0)
        {
            _layers[index] = (image, image.Version, texture);
        }
        else
        {
            _layers.Add((image, image.Version, texture));
        }
        return texture;
    }

    private int IndexOf(LayerImage image)
    {
        for (int i = 0; i < _layers.Count; i++)
        {
            if (ReferenceEquals(_layers[i].Image, image))
            {
                return i;
            }
        }
        return -1;
    }

    private void DropLayersBut(List<Layer> used)
    {
        for (int i = _layers.Count - 1; i >= 0; i--)
        {
            if (!Contains(used, _layers[i].Image))
            {
                _layers[i].Texture.Dispose();
                _layers.RemoveAt(i);
            }
        }
    }

    private static bool Contains(List<Layer> layers, LayerImage image)
    {
        foreach (Layer layer in layers)
        {
            if (ReferenceEquals(layer.Image, image))
            {
                return true;
            }
        }
        return false;
    }
}
