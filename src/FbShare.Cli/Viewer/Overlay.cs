using FbShare.Graphics;
using FbShare.Pictures;

namespace FbShare.Cli.Viewer;

/// <summary>Something written over the picture: a canvas and its texture.</summary>
internal sealed class Overlay : IDisposable
{
    private readonly ViewerGraphics _graphics;
    private readonly UploadTexture _texture;

    public Overlay(ViewerGraphics graphics, int width, int height)
    {
        _graphics = graphics;
        Canvas = new TextCanvas(width, height);
        _texture = new UploadTexture(graphics.GL, FrameLayout.Packed(DrmFormat.AR24, width, height));
    }

    /// <summary>To be drawn on, before <see cref="Update"/>.</summary>
    public TextCanvas Canvas { get; }

    /// <summary>Takes over what is on the canvas.</summary>
    public void Update() => _texture.Upload(Canvas.Pixels, new Rect(0, 0, Canvas.Width, Canvas.Height));

    /// <param name="x">In the window's pixels.</param>
    /// <param name="y">As above.</param>
    public void Draw(int x, int y, (int Width, int Height) window) =>
        _graphics.Blend(_texture.Picture, new Rect(x, y, Canvas.Width, Canvas.Height), window);

    public void Dispose()
    {
        _texture.Dispose();
        Canvas.Dispose();
    }
}
