using FbShare.Pictures;

namespace FbShare.Testing.Text;

/// <summary>What a screen says.</summary>
/// <param name="Lines">From the top.</param>
/// <param name="Source">How it was read: the console font's name, or "tesseract".</param>
/// <param name="IsExact">Whether characters were recognised by their pixels, and not guessed.</param>
public sealed record ScreenText(IReadOnlyList<TextLine> Lines, string Source, bool IsExact)
{
    /// <summary>The lines, without blanks at their ends and without empty lines at the end.</summary>
    public override string ToString() => string.Join('\n', Lines.Select(l => l.Text));

    /// <summary>Where a text is, if it is on one line; null if it is nowhere.</summary>
    public Rect? Find(string text)
    {
        foreach (TextLine line in Lines)
        {
            int at = line.Text.IndexOf(text, StringComparison.Ordinal);
            if (at >= 0)
            {
                return line.BoxOf(at, text.Length);
            }
        }
        return null;
    }
}

/// <summary>One line of it.</summary>
/// <param name="Text">The characters, without blanks at the end.</param>
/// <param name="Boxes">Where each character is: as many as the text has; of a guessed word, the whole word's.</param>
public sealed record TextLine(string Text, IReadOnlyList<Rect> Boxes)
{
    /// <summary>Around everything but blanks.</summary>
    public Rect Box => BoxOf(0, Text.Length);

    /// <summary>Around some characters.</summary>
    public Rect BoxOf(int start, int length)
    {
        Rect box = default;
        for (int i = start; i < start + length; i++)
        {
            box = Text[i] == ' ' && length > 1 ? box : box.Union(Boxes[i]);
        }
        return box;
    }
}
