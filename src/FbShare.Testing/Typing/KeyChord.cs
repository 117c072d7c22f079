using System.Text;

namespace FbShare.Testing.Typing;

/// <summary>Keys that are pressed together, as people write them: <c>ctrl-alt-f2</c>, <c>super</c>, <c>ctrl-c</c>.</summary>
public static class KeyChord
{
    /// <summary>Reads a chord: names joined with <c>-</c> or <c>+</c>, of which the last is pressed while the others are held.</summary>
    /// <param name="text">The chord.</param>
    /// <param name="layout">Called for a key that is named by its character or its X name: where it lies depends on the layout.</param>
    /// <exception cref="TypingException">There is no such key, or <paramref name="layout"/> could not be read.</exception>
    public static KeyStroke Parse(string text, Func<KeyboardLayout> layout)
    {
        string[] names = Split(text);
        var held = new List<int>();
        foreach (string name in names.AsSpan(0, names.Length - 1))
        {
            KeyStroke key = Find(name, text, layout);
            held.AddRange(key.Modifiers);
            held.Add(key.Key);
        }
        return Find(names[^1], text, layout).With([.. held.Distinct()]);
    }

    private static string[] Split(string text)
    {
        char separator = text.Contains('-', StringComparison.Ordinal) && text != "-" ? '-' : '+';
        // The separator itself is the last key: ctrl--
        string[] names = text.Length > 1 && text[^1] == separator
            ? [.. text[..^1].Split(separator, StringSplitOptions.RemoveEmptyEntries), $"{separator}"]
            : text.Length == 1 ? [text] : text.Split(separator);
        return names;
    }

    private static KeyStroke Find(string name, string chord, Func<KeyboardLayout> layout)
    {
        if (LinuxKeys.TryGet(name, out int key))
        {
            return new KeyStroke(key, []);
        }
        if (name.Length == 0)
        {
            throw new TypingException($"'{chord}' is no key: join names with '-', such as ctrl-alt-f2") { IsMistake = true };
        }
        KeyboardLayout keys = layout();
        if (Rune.TryGetRuneAt(name, 0, out Rune rune) && rune.Utf16SequenceLength == name.Length)
        {
            return keys.TryFind(rune, out IReadOnlyList<KeyStroke>? strokes) && strokes.Count == 1 ? strokes[0]
                : throw new TypingException($"no single key types '{name}' (U+{rune.Value:X4}) on the keyboard layout {keys.Name}") { IsMistake = true };
        }
        return keys.TryFind(name, out KeyStroke stroke) ? stroke : throw new TypingException(
            $"there is no key '{name}': give a character, an X name that the layout {keys.Name} has, or one of {string.Join(", ", LinuxKeys.Names)}")
        { IsMistake = true };
    }
}
