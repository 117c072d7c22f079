using FbShare.Linux;
using Xunit;

namespace FbShare.Tests.Linux;

public class PeerTextTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("weston (42)", "weston (42)")]
    [InlineData("Büro 事務所 🖥", "Büro 事務所 🖥")]
    [InlineData("a\nb\r\tc", "a\ufffdb\ufffd\ufffdc")]
    [InlineData("\u001b[2J\u009b31m\u007f", "\ufffd[2J\ufffd31m\ufffd")]
    [InlineData("a\u2028b\u2029c\u202ed", "a\ufffdb\ufffdc\ufffdd")]
    public void Text_of_others_is_one_line_that_no_terminal_obeys(string text, string expected) => Assert.Equal(expected, PeerText.Line(text));

    [Fact]
    public void A_lone_surrogate_becomes_a_character() => Assert.Equal("a\ufffdb", PeerText.Line("a\ud800b\n")[..3]);

    [Fact]
    public void It_is_short_and_no_character_is_cut_in_two()
    {
        Assert.Equal(new string('x', PeerText.MostOfLine), PeerText.Line(new string('x', PeerText.MostOfLine)));
        Assert.Equal(new string('x', PeerText.MostOfLine) + "…", PeerText.Line(new string('x', PeerText.MostOfLine + 1)));
        Assert.Equal(new string('x', PeerText.MostOfName - 1) + "…", PeerText.Name(new string('x', PeerText.MostOfName - 1) + "🖥"));
    }
}
