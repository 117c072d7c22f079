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

    /// <summary>Screens that are not consoles are given up after this many cells, of which fewer than half are known.</summary>
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
        return Read(screen, ConsoleFonts.Vga) ?? Read(screen, ConsoleFonts.Installed);
    }

    private static ScreenText? Read(Picture screen, IReadOnlyList<ConsoleFont> fonts)
    {
        foreach (ConsoleFont font in fonts)
        {
            foreach ((int x, int y) in Origins(screen, font))
            {
                if (Read(screen, font, x, y) is { } text)
                {
                    return text;
                }
            }
        }
        return null;
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

    private static ScreenText? Read(Picture screen, ConsoleFont font, int left, int top)
    {
        (int columns, int rows) = ((screen.Width - left) / font.Width, (screen.Height - top) / font.Height);
        var lines = new List<TextLine>();
        Span<byte> shape = stackalloc byte[font.BytesPerShape];
        char[] characters = new char[columns];
        int known = 0;
        int inked = 0;
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < columns; column++)
            {
                char character = ReadCell(screen, font, left + (column * font.Width), top + (row * font.Height), shape);
                characters[column] = character;
                inked += character == ' ' ? 0 : 1;
                known += character is ' ' or Unknown ? 0 : 1;
            }
            if (inked >= Sample && known < inked / 2)
            {
                return null;
            }
            string text = new string(characters).TrimEnd(' ');
            (int y, int width, int height) = (top + (row * font.Height), font.Width, font.Height);
            lines.Add(new TextLine(text, [.. Enumerable.Range(0, text.Length).Select(i => new Rect(left + (i * width), y, width, height))]));
        }
        if (inked > 0 && known < EnoughKnown * inked)
        {
            return null;
        }
        while (lines.Count > 0 && lines[^1].Text.Length == 0)
        {
            lines.RemoveAt(lines.Count - 1);
        }
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
}
