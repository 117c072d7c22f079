using System.Globalization;
using System.Text;

namespace FbShare.Linux;

/// <summary>Makes text that another process wrote safe for a log line, a window's title or a terminal: one short line without control
/// characters.</summary>
public static class PeerText
{
    /// <summary>The most characters kept of a sentence.</summary>
    internal const int MostOfLine = 400;

    /// <summary>The most characters kept of a name.</summary>
    internal const int MostOfName = 64;

    /// <summary>A sentence or an error's text.</summary>
    public static string Line(string? text) => Clean(text ?? "", MostOfLine);

    /// <summary>A name, such as a process's or a virtual machine's.</summary>
    public static string Name(string? text) => Clean(text ?? "", MostOfName);

    private static string Clean(string text, int most)
    {
        if (text.Length <= most && !text.EnumerateRunes().Any(IsUnfit))
        {
            return text;
        }
        var clean = new StringBuilder(Math.Min(text.Length, most) + 1);
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (clean.Length + rune.Utf16SequenceLength > most)
            {
                clean.Append('…');
                break;
            }
            clean.Append((IsUnfit(rune) ? Rune.ReplacementChar : rune).ToString());
        }
        return clean.ToString();
    }

    /// <summary>Control characters (C0, C1, DEL), line and paragraph separators, and characters that change the direction of writing.</summary>
    private static bool IsUnfit(Rune rune) => Rune.GetUnicodeCategory(rune) is
        UnicodeCategory.Control or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.Format
        or UnicodeCategory.OtherNotAssigned or UnicodeCategory.PrivateUse or UnicodeCategory.Surrogate;
}
