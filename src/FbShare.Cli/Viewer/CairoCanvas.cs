using System.Runtime.InteropServices;

namespace FbShare.Cli.Viewer;

/// <summary>A picture to write and draw on: bytes B, G, R, A, multiplied by alpha, packed rows.</summary>
internal sealed unsafe class CairoCanvas : IDisposable
{
    private readonly byte[] _pixels;
    private readonly nint _surface;
    private readonly nint _cr;
    private bool _disposed;

    public CairoCanvas(int width, int height)
    {
        Width = width;
        Height = height;
        _pixels = GC.AllocateArray<byte>(width * height * 4, pinned: true);
        // SAFETY: the array is pinned and lives as long as the surface.
        _surface = Cairo.cairo_image_surface_create_for_data(
            (byte*)Marshal.UnsafeAddrOfPinnedArrayElement(_pixels, 0), Cairo.CAIRO_FORMAT_ARGB32, width, height, width * 4);
        _cr = Cairo.cairo_create(_surface);
    }

    /// <summary>Null where cairo is there; else what to do.</summary>
    public static string? Obstacle { get; } = NativeLibrary.TryLoad(Cairo.Library, typeof(Cairo).Assembly, null, out _)
        ? null
        : $"figures and messages over the picture need {Cairo.Library}, which is missing: apt install libcairo2";

    public int Width { get; }

    public int Height { get; }

    /// <summary>What was drawn so far.</summary>
    public ReadOnlySpan<byte> Pixels
    {
        get
        {
            Cairo.cairo_surface_flush(_surface);
            return _pixels;
        }
    }

    /// <summary>Makes everything this colour.</summary>
    public void Clear(in CanvasColor color)
    {
        Cairo.cairo_set_operator(_cr, Cairo.CAIRO_OPERATOR_SOURCE);
        Use(color);
        Cairo.cairo_paint(_cr);
        Cairo.cairo_set_operator(_cr, Cairo.CAIRO_OPERATOR_OVER);
    }

    /// <summary>Makes everything from a row on transparent.</summary>
    public void Erase(double y)
    {
        Cairo.cairo_set_operator(_cr, Cairo.CAIRO_OPERATOR_SOURCE);
        Fill(0, y, Width, Height - y, new CanvasColor(0, 0, 0, 0));
        Cairo.cairo_set_operator(_cr, Cairo.CAIRO_OPERATOR_OVER);
    }

    public void Fill(double x, double y, double width, double height, in CanvasColor color)
    {
        Use(color);
        Cairo.cairo_rectangle(_cr, x, y, width, height);
        Cairo.cairo_fill(_cr);
    }

    /// <summary>Chooses how the next texts look.</summary>
    public void SetFont(double size, bool bold = false, bool monospaced = false)
    {
        Cairo.cairo_select_font_face(
            _cr, monospaced ? "monospace" : "sans-serif", Cairo.CAIRO_FONT_SLANT_NORMAL, bold ? Cairo.CAIRO_FONT_WEIGHT_BOLD : Cairo.CAIRO_FONT_WEIGHT_NORMAL);
        Cairo.cairo_set_font_size(_cr, size);
    }

    /// <param name="y">The base line.</param>
    public void Write(double x, double y, string text, in CanvasColor color)
    {
        Use(color);
        Cairo.cairo_move_to(_cr, x, y);
        Cairo.cairo_show_text(_cr, text);
    }

    public double MeasureWidth(string text)
    {
        Cairo.TextExtents extents;
        Cairo.cairo_text_extents(_cr, text, &extents);
        return extents.x_advance;
    }

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
        if (!_disposed)
        {
            _disposed = true;
            Cairo.cairo_destroy(_cr);
            Cairo.cairo_surface_destroy(_surface);
        }
    }

    private void Use(in CanvasColor color) => Cairo.cairo_set_source_rgba(_cr, color.Red, color.Green, color.Blue, color.Alpha);
}

/// <summary>0 to 1 each, not multiplied.</summary>
internal readonly record struct CanvasColor(double Red, double Green, double Blue, double Alpha = 1);
