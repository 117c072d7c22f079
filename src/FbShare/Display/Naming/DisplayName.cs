using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace FbShare.Display.Naming;

/// <summary>What a running display is found by: a word that is fit to be a file's name, and to be typed.</summary>
/// <remarks>Letters and digits of any language, and '.', '_', '-' and '+' behind the first of them; at most <see cref="MostBytes"/> of UTF-8. A name can
/// therefore be no path, no option, no address (they have a colon) and no text that changes a terminal.</remarks>
public sealed record DisplayName
{
    /// <summary>A socket's path has 107 bytes, and most of them are for its folder.</summary>
    public const int MostBytes = 48;

    private const char Filler = '-';

    private DisplayName(string text) => Text = text;

    /// <summary>The name as it is typed.</summary>
    public string Text { get; }

    /// <summary>Takes a name as it is.</summary>
    /// <param name="text">What somebody typed, or a file is called.</param>
    /// <param name="name">The name; null if the text cannot be one.</param>
    public static bool TryParse(string text, [NotNullWhen(true)] out DisplayName? name)
    {
        name = null;
        bool first = true;
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (!(first ? Rune.IsLetterOrDigit(rune) : IsFit(rune)))
            {
                return false;
            }
            first = false;
        }
        if (first || Encoding.UTF8.GetByteCount(text) > MostBytes)
        {
            return false;
        }
        name = new DisplayName(text);
        return true;
    }

    /// <summary>Makes a name of what somebody called a machine: whatever cannot be in one becomes a '-'.</summary>
    /// <returns>Null where nothing is left.</returns>
    public static DisplayName? From(string? text)
    {
        var fit = new StringBuilder();
        foreach (Rune rune in (text ?? "").EnumerateRunes())
        {
            bool begins = fit.Length == 0;
            if (begins ? Rune.IsLetterOrDigit(rune) : IsFit(rune))
            {
                fit.Append(rune.ToString());
            }
            else if (!begins && fit[^1] != Filler)
            {
                fit.Append(Filler);
            }
        }
        string name = Cut(fit.ToString().TrimEnd(Filler), MostBytes);
        return name.Length == 0 ? null : new DisplayName(name);
    }

    /// <summary>The name of another display that would be called the same.</summary>
    internal DisplayName Numbered(int number)
    {
        string ending = string.Create(CultureInfo.InvariantCulture, $"-{number}");
        return new DisplayName(Cut(Text, MostBytes - ending.Length) + ending);
    }

    /// <summary>Gives <see cref="Text"/>.</summary>
    public override string ToString() => Text;

    private static bool IsFit(Rune rune) =>
        Rune.IsLetterOrDigit(rune) || rune.Value is '.' or '_' or '-' or '+'
        || Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark;

    private static string Cut(string text, int bytes)
    {
        int length = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            bytes -= rune.Utf8SequenceLength;
            if (bytes < 0)
            {
                break;
            }
            length += rune.Utf16SequenceLength;
        }
        return text[..length];
    }
}
