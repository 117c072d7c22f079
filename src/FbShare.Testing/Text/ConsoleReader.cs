using System.Runtime.InteropServices;
using FbShare.Capture;
using FbShare.Pictures;

namespace FbShare.Testing.Text;

/// <summary>Reads text consoles by their font: every cell of the grid is compared with the font's shapes, in any two colours.</summary>
internal static class ConsoleReader
{
    /// <summary>What stands for a cell that is no character of the font.</summary>
    public const char Unknown = '\uFFFD';

    /// <summary>How many of the cells that are not blank must be characters: less is no console in this font.</summary>
    private const double EnoughKnown = 0.85;

    /// <summary>With so many, other fonts are not tried: what is left is a cursor, or a line that is being drawn.</summary>
    private const double SurelyKnown = 0.95;

    /// <summary>So many cells that are not blank tell which font it is.</summary>
    private const int Sample = 64;

    /// <summary>How many rows from the bottom a cursor may begin, and how many it may have.</summary>
    private const int CursorRows = 4;

    /// <summary>The bits of a pixel that are shown.</summary>
    private const uint Colour = 0xFFFFFF;

    /// <summary>Reads a screen.</summary>
    /// <returns>Null if it is no console in a font that is known.</returns>
    public static ScreenText? Read(Picture picture)
    {
        Picture screen = picture.ConvertTo(DrmFormat.XR24);
        bool[] isBlank = FindBlankRows(screen);
        Grid? best = FindBest(screen, isBlank, ConsoleFonts.Vga);
        if (best is not { Known: >= SurelyKnown })
        {
            Grid? other = FindBest(screen, isBlank, ConsoleFonts.Installed);
            best = best is null || other?.Known > best.Known ? other : best;
        }
        return best is null ? null : Read(screen, isBlank, best);
    }

    /// <summary>Which rows of pixels have one colour: most rows of a console, which need no further look.</summary>
    private static bool[] FindBlankRows(Picture screen)
    {
        var isBlank = new bool[screen.Height];
        for (int y = 0; y < isBlank.Length; y++)
        {
            ReadOnlySpan<byte> row = screen.Pixels.Slice(y * screen.Layout.Stride, screen.Layout.RowBytes);
            isBlank[y] = VisiblePixels.AreEqual(row[DrmFormats.BytesPerPixel..], row[..^DrmFormats.BytesPerPixel], screen.Format);
        }
        return isBlank;
    }

    /// <summary>The font and place in which most of a sample of the screen's cells are characters.</summary>
    private static Grid? FindBest(Picture screen, bool[] isBlank, IReadOnlyList<ConsoleFont> fonts)
    {
        Grid? best = null;
        foreach (ConsoleFont font in fonts)
        {
            foreach ((int x, int y) in Origins(screen, font))
            {
                double known = Probe(screen, isBlank, font, x, y);
                if (known >= EnoughKnown && known > (best?.Known ?? 0))
                {
                    best = new Grid(font, x, y, known);
                }
                if (known == 1)
                {
                    return best;
                }
            }
        }
        return best;
    }

    /// <summary>How many of the first cells that are not blank are characters of the font, from 0 to 1; 1 of a blank screen.</summary>
    private static double Probe(Picture screen, bool[] isBlank, ConsoleFont font, int left, int top)
    {
        Span<byte> shape = stackalloc byte[font.BytesPerShape];
        int inked = 0;
        int known = 0;
        for (int y = top; y + font.Height <= screen.Height && inked < Sample; y += font.Height)
        {
            if (IsBlankLine(screen, isBlank, y, font.Height))
            {
                continue;
            }
            char before = ' ';
            for (int x = left; x + font.Width <= screen.Width && inked < Sample; x += font.Width)
            {
                char character = ReadCell(screen, font, x, y, shape);
                // A window's border looks like a line of one character: that says as much as one does.
                bool counts = character is not ' ' && (character is Unknown || character != before);
                inked += counts ? 1 : 0;
                known += counts && character is not Unknown ? 1 : 0;
                before = character;
            }
        }
        return inked == 0 ? 1 : (double)known / inked;
    }

    private static bool IsBlankLine(Picture screen, bool[] isBlank, int y, int height)
    {
        ReadOnlySpan<byte> first = screen.Pixels.Slice(y * screen.Layout.Stride, DrmFormats.BytesPerPixel);
        for (int row = y; row < y + height; row++)
        {
            if (!isBlank[row] || !VisiblePixels.AreEqual(screen.Pixels.Slice(row * screen.Layout.Stride, DrmFormats.BytesPerPixel), first, screen.Format))
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>Where a console's first cell may be: in the corner, or so that the grid, or the 80x25 of firmware, is in the middle.</summary>
    private static HashSet<(int X, int Y)> Origins(Picture screen, ConsoleFont font)
    {
        var origins = new HashSet<(int X, int Y)> { (0, 0), (screen.Width % font.Width / 2, screen.Height % font.Height / 2) };
        (int left, int top) = (screen.Width - (80 * font.Width), screen.Height - (25 * font.Height));
        if (left >= 0 && top >= 0)
        {
            origins.Add((left / 2, top / 2));
        }
        return origins;
    }

    private static ScreenText Read(Picture screen, bool[] isBlank, Grid grid)
    {
        (ConsoleFont font, int left, int top, _) = grid;
        (int width, int height) = (font.Width, font.Height);
        var lines = new List<TextLine>();
        Span<byte> shape = stackalloc byte[font.BytesPerShape];
        char[] characters = new char[(screen.Width - left) / width];
        int filled = 0;
        for (int y = top; y + height <= screen.Height; y += height)
        {
            string text = "";
            if (!IsBlankLine(screen, isBlank, y, height))
            {
                for (int column = 0; column < characters.Length; column++)
                {
                    characters[column] = ReadCell(screen, font, left + (column * width), y, shape);
                }
                text = new string(characters).TrimEnd(' ');
            }
            var boxes = new Rect[text.Length];
            for (int i = 0; i < boxes.Length; i++)
            {
                boxes[i] = new Rect(left + (i * width), y, width, height);
            }
            lines.Add(new TextLine(text, boxes));
            filled = text.Length > 0 ? lines.Count : filled;
        }
        lines.RemoveRange(filled, lines.Count - filled);
        return new ScreenText(lines, font.Name, IsExact: true);
    }

    /// <param name="shape">Room for one shape of the font.</param>
    private static char ReadCell(Picture screen, ConsoleFont font, int x, int y, Span<byte> shape)
    {
        if (!TryReadShape(screen, font, x, y, shape))
        {
            return Unknown;
        }
        if (!shape.ContainsAnyExcept((byte)0))
        {
            return ' ';
        }
        if (TryFind(font, shape, out char character))
        {
            return character;
        }
        return FindUnderCursor(font, shape) ?? Unknown;
    }

    /// <summary>The bits of a cell's pixels: 1 where one is of another colour than the first.</summary>
    /// <returns>False if there are more than two colours.</returns>
    private static bool TryReadShape(Picture screen, ConsoleFont font, int x, int y, Span<byte> shape)
    {
        shape.Clear();
        uint? ink = null;
        uint ground = 0;
        for (int row = 0; row < font.Height; row++)
        {
            ReadOnlySpan<uint> pixels = MemoryMarshal.Cast<byte, uint>(
                screen.Pixels.Slice((int)screen.Layout.OffsetOf(x, y + row), font.Width * DrmFormats.BytesPerPixel));
            if (row == 0)
            {
                ground = pixels[0] & Colour;
            }
            for (int column = 0; column < pixels.Length; column++)
            {
                uint pixel = pixels[column] & Colour;
                if (pixel == ground)
                {
                    continue;
                }
                ink ??= pixel;
                if (pixel != ink)
                {
                    return false;
                }
                shape[(row * font.BytesPerRow) + (column / 8)] |= (byte)(0x80 >> (column % 8));
            }
        }
        return true;
    }

    /// <summary>Finds a shape, or its negative: which of two colours is the ink cannot be seen.</summary>
    private static bool TryFind(ConsoleFont font, Span<byte> shape, out char character)
    {
        if (font.TryFind(shape, out character))
        {
            return true;
        }
        Invert(font, shape, 0, font.Height);
        bool found = font.TryFind(shape, out character);
        Invert(font, shape, 0, font.Height);
        return found;
    }

    /// <summary>What is under a cursor that is a line at the cell's bottom: a blank, if it can be, since a part of such a line may look like a
    /// character.</summary>
    private static char? FindUnderCursor(ConsoleFont font, Span<byte> shape)
    {
        char? found = null;
        for (int first = 1; first <= CursorRows && first < font.Height; first++)
        {
            for (int count = 1; count <= first; count++)
            {
                int row = font.Height - first;
                Invert(font, shape, row, count);
                bool isBlank = !shape.ContainsAnyExcept((byte)0);
                found ??= TryFind(font, shape, out char character) ? character : null;
                Invert(font, shape, row, count);
                if (isBlank)
                {
                    return ' ';
                }
            }
        }
        return found;
    }

    private static void Invert(ConsoleFont font, Span<byte> shape, int row, int count)
    {
        for (int y = row; y < row + count; y++)
        {
            for (int left = font.Width, at = y * font.BytesPerRow; left > 0; left -= 8, at++)
            {
                shape[at] ^= (byte)(left >= 8 ? 0xFF : 0xFF << (8 - left));
            }
        }
    }

    /// <summary>A font, and where its first cell is.</summary>
    /// <param name="Known">How many of the cells that were tried are characters, from 0 to 1.</param>
    private sealed record Grid(ConsoleFont Font, int Left, int Top, double Known);
}
