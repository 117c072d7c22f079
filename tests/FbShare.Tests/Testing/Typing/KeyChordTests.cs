using FbShare.Testing.Typing;

namespace FbShare.Tests.Testing.Typing;

public sealed class KeyChordTests
{
    [Theory]
    [InlineData("ctrl-alt-f2", "29+56+60")]
    [InlineData("Ctrl+Alt+Del", "29+56+111")]
    [InlineData("super", "125")]
    [InlineData("altgr-print", "100+99")]
    [InlineData("shift-F24", "42+194")]
    public void Keys_with_names_need_no_layout(string text, string keys) =>
        Assert.Equal(keys, KeyChord.Parse(text, () => throw new InvalidOperationException("no layout was asked for")).ToString());

    [Theory]
    [InlineData("ctrl-c", "29+46")]
    [InlineData("ctrl-y", "29+44")]
    [InlineData("ctrl-A", "29+42+30")]
    [InlineData("shift-A", "42+30")]
    [InlineData("-", "53")]
    [InlineData("+", "27")]
    [InlineData("ctrl--", "29+53")]
    [InlineData("ctrl-+", "29+27")]
    [InlineData("ctrl++", "29+27")]
    [InlineData("ctrl-udiaeresis", "29+26")]
    [InlineData("alt-ISO_Left_Tab", "56+42+15")]
    public void Characters_and_X_names_lie_where_the_layout_has_them(string text, string keys) =>
        Assert.Equal(keys, KeyChord.Parse(text, () => KeyboardLayout.Load("de")).ToString());

    [Theory]
    [InlineData("ctrl-nokey", "'nokey'")]
    [InlineData("", "''")]
    [InlineData("-f2", "'-f2'")]
    [InlineData("ctrl-é", "'é' (U+00E9)")]
    public void What_is_no_key_is_named(string text, string named)
    {
        TypingException refused = Assert.Throws<TypingException>(() => KeyChord.Parse(text, () => KeyboardLayout.Load("us")));
        Assert.True(refused.IsMistake);
        Assert.Contains(named, refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(@"root\n", "root\n")]
    [InlineData(@"a\tb\\n\e\b", "a\tb\\n\e\b")]
    [InlineData(@"\u{e9}\u{1F600}", "é😀")]
    [InlineData("", "")]
    public void Escapes_stand_for_what_a_line_of_text_cannot_have(string written, string meant) => Assert.Equal(meant, TypedText.Unescape(written));

    [Theory]
    [InlineData(@"C:\windows", 3)]
    [InlineData(@"end\", 4)]
    [InlineData(@"\u{}", 1)]
    [InlineData(@"\u{d800}", 1)]
    [InlineData(@"\u{41", 1)]
    public void An_escape_that_means_nothing_is_refused(string written, int at)
    {
        TypingException refused = Assert.Throws<TypingException>(() => TypedText.Unescape(written));
        Assert.StartsWith($"character {at} begins an escape", refused.Message, StringComparison.Ordinal);
    }
}
