using FbShare.Capture;
using FbShare.Pictures;

namespace FbShare.Testing.Text;

/// <summary>Reads what a screen says: consoles exactly, by their font, and other screens with tesseract.</summary>
public static class ScreenReader
{
    /// <summary>Reads a picture.</summary>
    /// <param name="picture">A whole screen.</param>
    /// <param name="area">Only this part; null: all of it. Of a console, the cells whose middle is in it.</param>
    /// <exception cref="TextException">It is no console, and tesseract is not installed or failed.</exception>
    public static ScreenText Read(Picture picture, Rect? area = null)
    {
        if (TryReadConsole(picture, area) is { } console)
        {
            return console;
        }
        if (area is not { } chosen)
        {
            return Tesseract.Read(picture);
        }
        Rect part = chosen.Intersect(picture.Layout.Bounds);
        return part.IsEmpty ? new ScreenText([], "nothing", IsExact: true) : Move(Tesseract.Read(picture.Crop(part)), part.X, part.Y);
    }

    /// <summary>Reads a picture of a console, in milliseconds.</summary>
    /// <returns>Null if it is no console in a font that is known.</returns>
    public static ScreenText? TryReadConsole(Picture picture, Rect? area = null) => ConsoleReader.Read(picture) is not { } all ? null
        : area is { } chosen ? Cut(all, chosen)
        : all;

    private static ScreenText Cut(ScreenText text, Rect area)
    {
        var lines = new List<TextLine>();
        foreach (TextLine line in text.Lines)
        {
            int[] inside = [.. Enumerable.Range(0, line.Text.Length).Where(i => area.Contains(MiddleOf(line.Boxes[i])))];
            string part = inside.Length == 0 ? "" : line.Text[inside[0]..(inside[^1] + 1)].TrimEnd(' ');
            if (part.Length > 0)
            {
                lines.Add(new TextLine(part, [.. line.Boxes.Skip(inside[0]).Take(part.Length)]));
            }
        }
        return text with { Lines = lines };
    }

    private static Rect MiddleOf(Rect box) => new(box.X + (box.Width / 2), box.Y + (box.Height / 2), 1, 1);

    private static ScreenText Move(ScreenText text, int dx, int dy) =>
        text with { Lines = [.. text.Lines.Select(l => new TextLine(l.Text, [.. l.Boxes.Select(b => b.Offset(dx, dy))]))] };
}
