using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace FbShare.Testing.Typing;

/// <summary>A keyboard layout of xkb read backwards: from a character to the keys that type it.</summary>
/// <remarks>Learned by pressing every key of the layout under every combination of its modifiers. A character that no key has is looked for
/// among those that a dead key makes (<c>ê</c> on a German keyboard), as desktops do by X's table and consoles by their own.</remarks>
public sealed class KeyboardLayout
{
    private const uint Space = 0x20;
    private const uint Return = 0xff0d;
    private const uint FirstDeadKey = 0xfe50;
    private const uint LastDeadKey = 0xfe9f;
    private const uint FirstKeypadKey = 0xff80;
    private const uint LastKeypadKey = 0xffbd;

    private readonly Dictionary<uint, KeyStroke> _byKeySym = [];
    private readonly Dictionary<Rune, KeyStroke> _direct = [];
    private readonly Dictionary<Rune, (KeyStroke Dead, KeyStroke Base)> _composed = [];

    private KeyboardLayout(string name, XkbKeymap keymap, XkbComposeTable? compose)
    {
        Name = name;
        HasDeadKeys = compose is not null;
        List<IReadOnlyList<int>> combinations = FindCombinations(keymap);
        foreach (IReadOnlyList<int> held in combinations)
        {
            Learn(keymap, held);
        }
        foreach ((uint keySym, KeyStroke stroke) in _byKeySym)
        {
            if (RuneOf(keySym) is { } rune)
            {
                _direct.TryAdd(rune, stroke);
            }
        }
        if (compose is not null)
        {
            LearnComposed(compose);
        }
    }

    /// <summary>As it was asked for: <c>de</c>, <c>de(neo)</c>.</summary>
    public string Name { get; }

    /// <summary>Whether this host knows what dead keys make (Debian: package libx11-data).</summary>
    public bool HasDeadKeys { get; }

    /// <summary>Every character that it can type, in order.</summary>
    public IEnumerable<Rune> Characters => _direct.Keys.Concat(_composed.Keys).Distinct().Order();

    /// <summary>Reads a layout.</summary>
    /// <param name="layout">xkb's name: us, de, fr, es, gb, jp or any other.</param>
    /// <param name="variant">xkb's name (nodeadkeys, neo); null or empty for the layout's own.</param>
    /// <exception cref="TypingException">There is no such layout, or the host lacks libxkbcommon or xkb's data.</exception>
    public static KeyboardLayout Load(string layout = "us", string? variant = null)
    {
        string name = string.IsNullOrEmpty(variant) ? layout : $"{layout}({variant})";
        using XkbContext context = XkbContext.Open();
        using XkbKeymap keymap = Compile(context, layout, variant ?? "", name);
        using XkbComposeTable? compose = XkbComposeTable.Load(context);
        return new KeyboardLayout(name, keymap, compose);
    }

    /// <summary>The keys that type a text, in order. Line feeds are Enter, tabs Tab, backspaces Backspace, escapes Escape.</summary>
    /// <exception cref="TypingException">The layout lacks a character; the message names it.</exception>
    public IReadOnlyList<KeyStroke> Plan(string text)
    {
        var strokes = new List<KeyStroke>(text.Length);
        int at = 0;
        while (at < text.Length)
        {
            if (!Rune.TryGetRuneAt(text, at, out Rune rune))
            {
                throw new TypingException($"cannot type character {at + 1}: half of a surrogate pair (U+{(int)text[at]:X4}) is no character") { IsMistake = true };
            }
            if (rune.Value == '\r')
            {
                if (at + 1 < text.Length && text[at + 1] == '\n')
                {
                    at++;
                    continue;
                }
                rune = new Rune('\n');
            }
            if (!TryFind(rune, out IReadOnlyList<KeyStroke>? keys))
            {
                throw new TypingException(
                    $"the keyboard layout {Name} cannot type character {at + 1}, {Describe(rune)}: choose another layout or variant"
                    + (HasDeadKeys ? "" : "; this system does not know dead keys (Debian: install libx11-data)"))
                { IsMistake = true };
            }
            strokes.AddRange(keys);
            at += rune.Utf16SequenceLength;
        }
        return strokes;
    }

    /// <summary>The keys that type one character.</summary>
    public bool TryFind(Rune rune, [NotNullWhen(true)] out IReadOnlyList<KeyStroke>? strokes)
    {
        strokes = _direct.TryGetValue(rune, out KeyStroke stroke) ? [stroke]
            : _composed.TryGetValue(rune, out (KeyStroke Dead, KeyStroke Base) pair) ? [pair.Dead, pair.Base]
            : null;
        return strokes is not null;
    }

    /// <summary>The key that has an X name (<c>F1</c>, <c>udiaeresis</c>, <c>dead_acute</c>) on this layout.</summary>
    internal bool TryFind(string keySymName, out KeyStroke stroke)
    {
        uint keySym = Xkb.xkb_keysym_from_name(keySymName, 0);
        keySym = keySym != 0 ? keySym : Xkb.xkb_keysym_from_name(keySymName, Xkb.KEYSYM_CASE_INSENSITIVE);
        stroke = default;
        return keySym != 0 && _byKeySym.TryGetValue(keySym, out stroke);
    }

    internal static XkbKeymap Compile(XkbContext context, string layout, string variant, string name)
    {
        XkbKeymap keymap = XkbKeymap.Compile(context, layout, variant);
        if (!keymap.IsInvalid)
        {
            return keymap;
        }
        keymap.Dispose();
        using XkbKeymap known = XkbKeymap.Compile(context, "us", "");
        throw known.IsInvalid ? XkbContext.LackOfData() : new TypingException(
            $"xkb has no keyboard layout '{name}': give one such as us, de, fr, es, gb or jp (/usr/share/X11/xkb/rules/base.lst lists layouts and variants)")
        { IsMistake = true };
    }

    private static string Describe(Rune rune) => Rune.IsControl(rune) ? $"the control character U+{rune.Value:X4}" : $"'{rune}' (U+{rune.Value:X4})";

    /// <summary>Which modifiers can be held with keys, alone and together: the fewest first.</summary>
    private static List<IReadOnlyList<int>> FindCombinations(XkbKeymap keymap)
    {
        uint unwanted = 0;
        foreach (string name in (ReadOnlySpan<string>)["Lock", "Control", "Mod1", "Mod4"])
        {
            unwanted |= 1u << (int)Xkb.xkb_keymap_mod_get_index(keymap, name);
        }
        var holders = new Dictionary<uint, int>();
        foreach (int key in Keys(keymap))
        {
            using var state = new XkbState(keymap);
            state.Change(key, pressed: true);
            uint held = state.Held;
            state.Change(key, pressed: false);
            if (held != 0 && (held & unwanted) == 0 && !state.HasSticky)
            {
                holders.TryAdd(held, key);
            }
        }
        int[] keys = [.. holders.Values];
        var combinations = new List<IReadOnlyList<int>>();
        for (int set = 0; set < 1 << keys.Length; set++)
        {
            combinations.Add([.. keys.Where((_, i) => (set >> i & 1) != 0)]);
        }
        return [.. combinations.OrderBy(c => c.Count)];
    }

    /// <summary>The keys that both the layout and QEMU know.</summary>
    private static IEnumerable<int> Keys(XkbKeymap keymap)
    {
        const int XOffset = 8;
        int end = (int)Math.Min(Xkb.xkb_keymap_max_keycode(keymap) + 1, LinuxKeys.End + XOffset);
        for (int code = Math.Max((int)Xkb.xkb_keymap_min_keycode(keymap), XOffset + 1); code < end; code++)
        {
            if (LinuxKeys.QemuNumber(code - XOffset) != 0)
            {
                yield return code - XOffset;
            }
        }
    }

    private void Learn(XkbKeymap keymap, IReadOnlyList<int> held)
    {
        using var state = new XkbState(keymap);
        foreach (int modifier in held)
        {
            state.Change(modifier, pressed: true);
        }
        foreach (int key in Keys(keymap))
        {
            uint keySym = state.KeySym(key);
            // What the keypad's keys mean depends on a lock that is the guest's.
            if (keySym != 0 && keySym is < FirstKeypadKey or > LastKeypadKey && !held.Contains(key))
            {
                _byKeySym.TryAdd(keySym, new KeyStroke(key, held));
            }
        }
    }

    private void LearnComposed(XkbComposeTable table)
    {
        using var state = new XkbComposeState(table);
        // A dead key's own sign: with a space rather than by the key twice, because every guest knows that.
        List<(uint KeySym, KeyStroke Stroke)> bases = [.. _byKeySym.OrderBy(pair => pair.Key != Space).Select(pair => (pair.Key, pair.Value))];
        foreach ((uint dead, KeyStroke deadStroke) in _byKeySym)
        {
            if (dead is < FirstDeadKey or > LastDeadKey)
            {
                continue;
            }
            foreach ((uint keySym, KeyStroke stroke) in bases)
            {
                state.Reset();
                state.Feed(dead);
                if (state.Status != Xkb.COMPOSE_COMPOSING)
                {
                    break;
                }
                state.Feed(keySym);
                if (state.Status == Xkb.COMPOSE_COMPOSED && state.Text() is var text
                    && Rune.TryGetRuneAt(text.Length > 0 ? text : "\0", 0, out Rune rune) && rune.Utf16SequenceLength == text.Length && !_direct.ContainsKey(rune))
                {
                    _composed.TryAdd(rune, (deadStroke, stroke));
                }
            }
        }
    }

    private static Rune? RuneOf(uint keySym)
    {
        uint value = Xkb.xkb_keysym_to_utf32(keySym);
        // X's Return is a carriage return; texts have line feeds.
        return value == 0 ? null : keySym == Return ? new Rune('\n') : Rune.TryCreate(value, out Rune rune) ? rune : null;
    }
}
