using System.Text;
using CsCheck;
using FbShare.Testing.Typing;

namespace FbShare.Tests.Testing.Typing;

/// <summary>From characters to keys, by the layouts of the system's xkb.</summary>
public sealed class KeyboardLayoutTests
{
    /// <summary>What each layout must be able to type at least: its country's letters and signs, and ASCII.</summary>
    private static readonly Dictionary<string, string> Letters = new()
    {
        ["us"] = "",
        ["de"] = "äöüÄÖÜß€µ§°²³âêîôûéèáà",
        ["fr"] = "éèàùç€£µ§°²âêîôûëïü",
        ["es"] = "ñÑçÇáéíóúÁÉÍÓÚüÜ¿¡€ºª·",
        ["gb"] = "£€¬¦éáíóú",
        ["jp"] = "",
    };

    public static TheoryData<string> Names() => [.. Letters.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_character_that_a_layout_can_type_comes_out_of_a_keyboard_of_that_layout(string name)
    {
        KeyboardLayout layout = KeyboardLayout.Load(name);
        using var guest = new KeyboardDecoder(name);
        Rune[] all = [.. layout.Characters];
        string text = string.Concat(all.Select(r => r.ToString()));

        foreach (KeyStroke stroke in layout.Plan(text))
        {
            guest.Type(stroke);
        }

        Assert.Equal(text, guest.Text);
        string wanted = Letters[name] + string.Concat(Enumerable.Range(' ', 95).Select(c => (char)c)) + "\n\t";
        Assert.Equal("", string.Concat(wanted.EnumerateRunes().Where(r => !all.Contains(r)).Select(r => r.ToString())));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Any_text_of_its_characters_too(string name)
    {
        KeyboardLayout layout = KeyboardLayout.Load(name);
        Rune[] all = [.. layout.Characters];
        Gen.Int[0, all.Length - 1].Array[0, 40].Sample(indices =>
        {
            using var guest = new KeyboardDecoder(name);
            string text = string.Concat(indices.Select(i => all[i].ToString()));
            foreach (KeyStroke stroke in layout.Plan(text))
            {
                guest.Type(stroke);
            }
            Assert.Equal(text, guest.Text);
        }, iter: 30);
    }

    [Fact]
    public void The_keys_are_those_that_people_press()
    {
        KeyboardLayout german = KeyboardLayout.Load("de");

        // z lies where y is on an American keyboard, @ is AltGr+q, ? is Shift and the key of ß, ê the dead key left of 1 and e.
        Assert.Equal("21", Strokes(german, "z"));
        Assert.Equal("100+16", Strokes(german, "@"));
        Assert.Equal("42+12", Strokes(german, "?"));
        Assert.Equal("41 18", Strokes(german, "ê"));
        Assert.Equal("41 57", Strokes(german, "^"));
        Assert.Equal("28 15", Strokes(german, "\n\t"));
        Assert.Equal("42+2 89", Strokes(KeyboardLayout.Load("jp"), "!\\"));
        Assert.Equal("41", Strokes(KeyboardLayout.Load("de", "nodeadkeys"), "^"));
    }

    [Fact]
    public void Line_ends_of_every_kind_are_one_Enter() => Assert.Equal("30 28 48 28 46 28", Strokes(KeyboardLayout.Load("us"), "a\r\nb\nc\r"));

    [Theory]
    [InlineData("pass@wörd", 7, "'ö' (U+00F6)")]
    [InlineData("ab\u0007", 3, "the control character U+0007")]
    [InlineData("x😀", 2, "'😀' (U+1F600)")]
    public void What_a_layout_cannot_type_is_named_before_anything_is_typed(string text, int at, string named)
    {
        TypingException refused = Assert.Throws<TypingException>(() => KeyboardLayout.Load("us").Plan(text));
        Assert.True(refused.IsMistake);
        Assert.Contains($"character {at}", refused.Message, StringComparison.Ordinal);
        Assert.Contains(named, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Half_of_a_character_is_none() =>
        Assert.Contains("character 2: half of a surrogate pair (U+D83D)", Assert.Throws<TypingException>(() => KeyboardLayout.Load("us").Plan("x\ud83dy")).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("xx", null, "'xx'")]
    [InlineData("de", "sidewise", "'de(sidewise)'")]
    [InlineData("../../etc/passwd", null, "'../../etc/passwd'")]
    public void A_layout_that_xkb_does_not_have_is_named(string layout, string? variant, string named)
    {
        TypingException refused = Assert.Throws<TypingException>(() => KeyboardLayout.Load(layout, variant));
        Assert.True(refused.IsMistake);
        Assert.Contains(named, refused.Message, StringComparison.Ordinal);
    }

    private static string Strokes(KeyboardLayout layout, string text) => string.Join(' ', layout.Plan(text));
}
