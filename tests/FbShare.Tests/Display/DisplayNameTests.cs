using CsCheck;
using FbShare.Display.Naming;
using Xunit;

namespace FbShare.Tests.Display;

public class DisplayNameTests
{
    [Theory]
    [InlineData("debian")]
    [InlineData("4711")]
    [InlineData("win_11+tpm.1-b")]
    [InlineData("Müller")]
    [InlineData("हिन्दी")]
    public void A_word_is_a_name(string text)
    {
        Assert.True(DisplayName.TryParse(text, out DisplayName? name));
        Assert.Equal(text, name.Text);
    }

    [Theory]
    [InlineData("")]
    [InlineData("..")]
    [InlineData(".hidden")]
    [InlineData("-rf")]
    [InlineData("a/b")]
    [InlineData("a b")]
    [InlineData("a\nb")]
    [InlineData("a\u0000")]
    [InlineData("a:b")]
    [InlineData("a\u202eb")]
    [InlineData("a\ud800")]
    [InlineData("0123456789012345678901234567890123456789012345678")]
    public void What_could_be_a_path_an_option_or_harm_a_terminal_is_none(string text) => Assert.False(DisplayName.TryParse(text, out _));

    [Theory]
    [InlineData("debian 12", "debian-12")]
    [InlineData("../../etc/passwd", "etc-passwd")]
    [InlineData("--help", "help")]
    [InlineData("a//  b--", "a-b")]
    [InlineData("Windows\u001b[31m", "Windows-31m")]
    [InlineData("//", null)]
    [InlineData(null, null)]
    public void A_machine_s_name_becomes_one(string? machine, string? expected) => Assert.Equal(expected, DisplayName.From(machine)?.Text);

    [Fact]
    public void Whatever_a_machine_is_called_its_display_and_the_next_ones_have_fit_names() => Gen.String.Select(Gen.Int[2, 9999]).Sample((text, number) =>
    {
        if (DisplayName.From(text) is { } name)
        {
            Assert.True(DisplayName.TryParse(name.Text, out _), name.Text);
            DisplayName next = name.Numbered(number);
            Assert.True(DisplayName.TryParse(next.Text, out _), next.Text);
            Assert.NotEqual(name, next);
        }
    });

    [Fact]
    public void A_long_name_is_cut_between_letters_and_keeps_its_number()
    {
        DisplayName name = DisplayName.From(new string('ü', 100))!;
        Assert.Equal(new string('ü', DisplayName.MostBytes / 2), name.Text);
        Assert.Equal(new string('ü', (DisplayName.MostBytes - 3) / 2) + "-12", name.Numbered(12).Text);
    }
}
