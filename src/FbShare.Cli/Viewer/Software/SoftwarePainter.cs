using System.Runtime.InteropServices;
using FbShare.Display.Client;
using FbShare.Graphics;
using FbShare.Linux;
using FbShare.Pictures;

namespace FbShare.Cli.Viewer.Software;

/// <summary>A window without OpenGL: the window system itself reads the guest's picture where it lies, and only what changed of it. What is
/// scaled, or has something over it, is composed in memory of our own first.</summary>
/// <param name="surface">Owned from here on.</param>
/// <param name="obstacle">Why dma-bufs are not taken.</param>
internal sealed class SoftwarePainter(ISharedSurface surface, string obstacle) : IWindowPainter
{
    private readonly PictureSource _source = new(surface);
    private readonly Composer _composer = new();
    private readonly WindowDamage _damage = new();
    private readonly List<Rect> _direct = [];
    private readonly List<Rect> _composed = [];
    private readonly List<(Layer Layer, int Version)> _drawn = [];
    private Placement? _place;
    private (int Width, int Height) _window;
    private bool _isInvalid = true;

    public Action? Finished
    {
        get => surface.Finished;
        set => surface.Finished = value;
    }

    public bool IsBusy => surface.IsBusy;

    public bool IsReading => surface.IsReading;

    public bool HandsOver => false;

    public (int Width, int Height)? Left => _source.Layout is { } layout ? (layout.Width, layout.Height) : null;

    public void Import(DmaBufFrame frame) => throw new GraphicsException(obstacle);

    public void Forget(RemotePicture picture, bool isReplaced) => _source.Forget(picture, isReplaced);

    public void Invalidate() => _isInvalid = true;

    public long Draw(in Scene scene)
    {
        bool isAnother = scene.Picture is { } picture && _source.Take(picture);
        if (isAnother)
        {
            scene.Damage.Add(scene.Picture!.Layout.Bounds);
        }
        long copied = _source.Update(scene.Damage);
        Note(scene, isAnother);
        if (surface.TakesParts)
        {
            DrawParts(scene);
        }
        else
        {
            DrawWhole(scene);
        }
        _damage.Region.Clear();
        return copied;
    }

    public bool Present(bool reads, out long presented)
    {
        bool isFinished = surface.Commit();
        presented = EventLoop.Now;
        return isFinished;
    }

    public void Dispose()
    {
        _composer.Dispose();
        _source.Dispose();
        surface.Dispose();
    }

    /// <summary>The picture from where it lies, and over it what has to be composed.</summary>
    private void DrawParts(in Scene scene)
    {
        _damage.Divide(scene.Window, PlainPlace(scene), scene.Layers, _direct, _composed);
        foreach (Rect part in _direct)
        {
            Rect target = scene.Place!.Value.Target;
            surface.Put(_source.Pixels!, part.Offset(-target.X, -target.Y), part.X, part.Y);
        }
        if (_composed.Count > 0)
        {
            Compose(surface.NextCanvas(scene.Window, _damage.Region), CollectionsMarshal.AsSpan(_composed), scene);
        }
    }

    /// <summary>Everything composed in one memory.</summary>
    private void DrawWhole(in Scene scene)
    {
        Region outOfDate = _damage.Region;
        outOfDate.Crop(new Rect(0, 0, scene.Window.Width, scene.Window.Height));
        if (!outOfDate.IsEmpty)
        {
            SharedPixels canvas = surface.NextCanvas(scene.Window, outOfDate);
            Compose(canvas, outOfDate.Rects, scene);
        }
    }

    private void Compose(SharedPixels canvas, ReadOnlySpan<Rect> parts, in Scene scene)
    {
        _composer.Compose(canvas, parts, _source, scene);
        foreach (Rect part in parts)
        {
            surface.Put(canvas, part, part.X, part.Y);
        }
    }

    /// <summary>Where the picture lies if the window system can read it as it is.</summary>
    private Rect PlainPlace(in Scene scene) =>
        _source.Pixels is { Layout: var layout } && scene.Place is { Target: var target } && target.Width == layout.Width && target.Height == layout.Height
            ? target
            : default;

    /// <summary>Finds out what is out of date.</summary>
    private void Note(in Scene scene, bool isAnother)
    {
        if (_isInvalid || isAnother || scene.Window != _window || scene.Place != _place)
        {
            _damage.Region.Add(new Rect(0, 0, scene.Window.Width, scene.Window.Height));
        }
        else
        {
            if (scene.Place is { } place)
            {
                foreach (Rect part in scene.Damage.Rects)
                {
                    _damage.Region.Add(place.ToWindow(Spread(part, place)));
                }
            }
            NoteLayers(scene.Layers);
        }
        _isInvalid = false;
        (_window, _place) = (scene.Window, scene.Place);
        _drawn.Clear();
        foreach (Layer layer in scene.Layers)
        {
            _drawn.Add((layer, layer.Image.Version));
        }
    }

    /// <summary>A pixel of a scaled picture is also in those beside it, where they are mixed.</summary>
    private static Rect Spread(Rect damage, Placement place) =>
        place.Target.Width == place.Width && place.Target.Height == place.Height
            ? damage
            : new Rect(damage.X - 1, damage.Y - 1, damage.Width + 2, damage.Height + 2).Intersect(new Rect(0, 0, place.Width, place.Height));

    /// <summary>Where layers came, went, moved or changed.</summary>
    private void NoteLayers(List<Layer> layers)
    {
        foreach ((Layer layer, int version) in _drawn)
        {
            if (!layers.Contains(layer) || layer.Image.Version != version)
            {
                _damage.Region.Add(layer.Target);
            }
        }
        foreach (Layer layer in layers)
        {
            if (!_drawn.Contains((layer, layer.Image.Version)))
            {
                _damage.Region.Add(layer.Target);
            }
        }
    }
}
