using FbShare.Capture;
using FbShare.Pictures;
using SkiaSharp;

namespace FbShare.Cli.Viewer;

/// <summary>A layer to write and draw on. Drawn by the CPU, through Skia.</summary>
/// <remarks>All text is in the program's own typeface: the machine may have none.</remarks>
internal sealed class TextCanvas : IDisposable
{
    private static readonly Lazy<SKTypeface> Typeface = new(LoadTypeface);

    private readonly SKSurface _surface;
    private readonly SKFont _font;
    private readonly SKPaint _paint = new() { IsAntialias = true };

    /// <exception cref="CaptureException">The picture library is missing.</exception>
    public TextCanvas(int width, int height)
    {
        SkiaLibrary.EnsurePresent();
        Width = width;
        Height = height;
        Image = new LayerImage(width, height);
        // SAFETY: the image's pixels are as large as the surface, stay where they are, and live as long.
        _surface = SKSurface.Create(
            new SKImageInfo(width, height, SKColorType.Bgra8888, SKAlphaType.Premul), Image.Address, width * DrmFormats.BytesPerPixel);
        _font = new SKFont(Typeface.Value) { Edging = SKFontEdging.Antialias, Hinting = SKFontHinting.Slight, Subpixel = true };
    }

    public int Width { get; }

    public int Height { get; }

    /// <summary>What is drawn on; whoever has drawn says that it changed.</summary>
    public LayerImage Image { get; }

    /// <summary>What was drawn so far.</summary>
    public ReadOnlySpan<byte> Pixels => Image.Pixels;

    /// <summary>Makes everything this colour.</summary>
    public void Clear(SKColor color) => _surface.Canvas.Clear(color);

    /// <summary>Makes everything from a row on transparent.</summary>
    public void Erase(double y)
    {
        _paint.BlendMode = SKBlendMode.Clear;
        Fill(0, y, Width, Height - y, SKColors.Empty);
        _paint.BlendMode = SKBlendMode.SrcOver;
    }

    public void Fill(double x, double y, double width, double height, SKColor color)
    {
        _paint.Color = color;
        _surface.Canvas.DrawRect((float)x, (float)y, (float)width, (float)height, _paint);
    }

    /// <summary>Chooses how the next texts look.</summary>
    public void SetFont(double size, bool bold = false)
    {
        _font.Size = (float)size;
        _font.Embolden = bold;
    }

    /// <param name="y">The base line.</param>
    public void Write(double x, double y, string text, SKColor color)
    {
        _paint.Color = color;
        _surface.Canvas.DrawText(text, (float)x, (float)y, SKTextAlign.Left, _font, _paint);
    }

    public double MeasureWidth(string text) => _font.MeasureText(text);

    /// <summary>Breaks a text into lines that fit.</summary>
    public List<string> Wrap(string text, double width)
    {
        var lines = new List<string>();
        string line = "";
        foreach (string word in text.Split(' '))
        {
            string longer = line.Length == 0 ? word : $"{line} {word}";
            if (line.Length > 0 && MeasureWidth(longer) > width)
            {
                lines.Add(line);
                line = word;
            }
            else
            {
                line = longer;
            }
        }
        lines.Add(line);
        return lines;
    }

    public void Dispose()
    {
        _paint.Dispose();
        _font.Dispose();
        _surface.Dispose();
        Image.Dispose();
    }

    private static SKTypeface LoadTypeface()
    {
        using Stream file = typeof(TextCanvas).Assembly.GetManifestResourceStream("DejaVuSansMono.ttf")!;
        using SKData bytes = SKData.Create(file);
        return SKTypeface.FromData(bytes)!;
    }
}
