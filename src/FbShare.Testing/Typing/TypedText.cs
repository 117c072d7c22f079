using System.Globalization;
using System.Text;

namespace FbShare.Testing.Typing;

/// <summary>Text as people write it in a command line or a script: what a keyboard has and a line of text has not is written as an escape.</summary>
public static class TypedText
{
    /// <summary>Replaces <c>\n</c> (Enter), <c>\t</c> (Tab), <c>\b</c> (Backspace), <c>\e</c> (Escape), <c>\\</c> and <c>\u{HEX}</c>.</summary>
    /// <exception cref="TypingException">Another character follows a backslash.</exception>
    public static string Unescape(string text)
    {
        if (!text.Contains('\\', StringComparison.Ordinal))
        {
            return text;
        }
        var plain = new StringBuilder(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\')
            {
                plain.Append(text[i]);
                continue;
            }
            i++;
            switch (i < text.Length ? text[i] : '\0')
            {
                case 'n':
                    plain.Append('\n');
                    break;
                case 't':
                    plain.Append('\t');
                    break;
                case 'b':
                    plain.Append('\b');
                    break;
                case 'e':
                    plain.Append('\e');
                    break;
                case '\\':
                    plain.Append('\\');
                    break;
                case 'u' when TryReadCode(text, i + 1, out Rune rune, out int end):
                    plain.Append(rune.ToString());
                    i = end;
                    break;
                default:
                    throw new TypingException(
                        $"character {i} begins an escape that means nothing: write \\n (Enter), \\t (Tab), \\b (Backspace), \\e (Escape), \\u{{e9}} (a character by its number) or \\\\ (a backslash)")
                    { IsMistake = true };
            }
        }
        return plain.ToString();
    }

    /// <param name="end">Where the closing brace is.</param>
    private static bool TryReadCode(string text, int start, out Rune rune, out int end)
    {
        rune = default;
        end = text.IndexOf('}', start);
        return start < text.Length && text[start] == '{' && end > start
            && uint.TryParse(text.AsSpan((start + 1)..end), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint value)
            && Rune.TryCreate(value, out rune);
    }
}
