using FbShare.Display.Client;
using FbShare.Pictures;
using SkiaSharp;

namespace FbShare.Cli.Viewer.Software;

/// <summary>Draws parts of a window into memory of our own: the guest's picture where it is scaled, what lies over it, and black beside it.</summary>
internal sealed class Composer : IDisposable
{
    private static readonly SKSamplingOptions Sharp = new(SKFilterMode.Nearest);
    private static readonly SKSamplingOptions Mixed = new(SKFilterMode.Linear);

    private readonly SKPaint _replace = new() { BlendMode = SKBlendMode.Src };
    private SKImage? _image;
    private (nint Address, FrameLayout Layout) _imageOf;

    /// <summary>Draws some parts anew.</summary>
    /// <param name="pixels">As large as the window.</param>
    /// <param name="parts">In the window's pixels, inside it.</param>
    /// <param name="source">What lies at the scene's place.</param>
    public void Compose(SharedPixels pixels, ReadOnlySpan<Rect> parts, PictureSource source, in Scene scene)
    {
        SKCanvas canvas = pixels.Canvas;
        RemotePicture.Reading reading = default;
        SKImage? picture = null;
        if (scene.Place is not null && source.Layout is { } layout)
        {
            Rect area = default;
            foreach (Rect part in parts)
            {
                area = area.Union(part);
            }
            picture = ImageAt(source.Read(scene.Place.Value.ToPicture(area), out reading), layout);
        }
        foreach (Rect part in parts)
        {
            canvas.Save();
            canvas.ClipRect(ToSkia(part));
            if (picture is null || !scene.Place!.Value.Target.Contains(part))
            {
                canvas.Clear(SKColors.Black);
            }
            if (picture is not null)
            {
                Rect target = scene.Place!.Value.Target;
                bool isScaled = target.Width != picture.Width || target.Height != picture.Height;
                canvas.DrawImage(picture, ToSkia(target), scene.IsSmooth && isScaled ? Mixed : Sharp, _replace);
            }
            foreach (Layer layer in scene.Layers)
            {
                if (!layer.Target.Intersect(part).IsEmpty)
                {
                    canvas.DrawImage(layer.Image.Drawable, ToSkia(layer.Target), Sharp);
                }
            }
            canvas.Restore();
        }
        reading.Dispose();
    }

    public void Dispose()
    {
        _image?.Dispose();
        _replace.Dispose();
    }

    private static SKRect ToSkia(Rect rect) => new(rect.X, rect.Y, rect.Right, rect.Bottom);

    /// <summary>The guest's picture for Skia, made once for each place that it comes to lie at.</summary>
    private SKImage ImageAt(nint address, FrameLayout layout)
    {
        if (_image is null || _imageOf != (address, layout))
        {
            _image?.Dispose();
            _image = SKImage.FromPixels(new SKImageInfo(layout.Width, layout.Height, SKColorType.Bgra8888, SKAlphaType.Opaque), address, layout.Stride);
            _imageOf = (address, layout);
        }
        return _image;
    }
}
