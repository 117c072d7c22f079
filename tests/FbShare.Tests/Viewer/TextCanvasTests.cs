using FbShare.Cli.Viewer;
using SkiaSharp;
using Xunit;

namespace FbShare.Tests.Viewer;

/// <summary>The viewer's text, in the program's own typeface.</summary>
public class TextCanvasTests
{
    [Theory]
    [InlineData("1280x800 XR24")]
    [InlineData("\u2192")] // of the stages' names
    public void Text_is_drawn_in_the_colour_asked_for_and_nothing_else(string text)
    {
        using var canvas = new TextCanvas(200, 30);
        canvas.Clear(SKColors.Black);
        canvas.SetFont(15);
        canvas.Write(5, 20, text, new SKColor(255, 0, 0));

        byte[] bytes = canvas.Pixels.ToArray();
        int inked = 0;
        for (int i = 0; i < bytes.Length; i += 4)
        {
            Assert.Equal((0, 0, 255), (bytes[i], bytes[i + 1], bytes[i + 3]));
            inked += bytes[i + 2] > 128 ? 1 : 0;
            if (bytes[i + 2] != 0)
            {
                Assert.InRange(i / 4 % 200, 4, (int)(6 + canvas.MeasureWidth(text)));
            }
        }
        Assert.InRange(inked, 8, 200 * 30 / 4);
    }

    [Fact]
    public void Each_letter_has_a_shape_of_its_own_and_all_are_as_wide()
    {
        const string Letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:,/()[]+-\u2192";
        using var canvas = new TextCanvas(24, 32);
        canvas.SetFont(24);
        var shapes = new HashSet<string>();
        foreach (char letter in Letters)
        {
            canvas.Clear(SKColors.Empty);
            canvas.Write(4, 24, letter.ToString(), SKColors.White);
            Assert.True(shapes.Add(Convert.ToHexString(canvas.Pixels)), $"'{letter}' looks like another letter");
            Assert.Equal(canvas.MeasureWidth("0"), canvas.MeasureWidth(letter.ToString()));
        }
    }

    /// <summary>Through fontconfig, a machine without fonts would draw nothing, and say nothing.</summary>
    [Fact]
    public void No_font_of_the_machine_is_asked_for()
    {
        using var canvas = new TextCanvas(20, 20);
        canvas.SetFont(15);
        canvas.Write(2, 16, "0", SKColors.White);
        Assert.Contains(canvas.Pixels.ToArray(), b => b > 128);
        string mapped = File.ReadAllText("/proc/self/maps");
        Assert.Contains("libSkiaSharp.so", mapped, StringComparison.Ordinal);
        Assert.DoesNotContain("fontconfig", mapped, StringComparison.Ordinal);
        Assert.DoesNotContain("/usr/share/fonts", mapped, StringComparison.Ordinal);
    }

    [Fact]
    public void Bold_text_has_more_ink()
    {
        Assert.True(Ink(bold: true) > Ink(bold: false) * 11 / 10);

        static long Ink(bool bold)
        {
            using var canvas = new TextCanvas(120, 30);
            canvas.Clear(SKColors.Black);
            canvas.SetFont(15, bold);
            canvas.Write(2, 20, "guest, output", SKColors.White);
            return canvas.Pixels.ToArray().Sum(b => (long)b);
        }
    }

    [Fact]
    public void What_is_erased_is_transparent_and_what_is_filled_is_multiplied_by_alpha()
    {
        using var canvas = new TextCanvas(4, 4);
        canvas.Clear(new SKColor(100, 200, 40, 128));
        canvas.Fill(0, 0, 4, 1, SKColors.White);
        canvas.Erase(3);
        byte[] bytes = canvas.Pixels.ToArray();
        Assert.All(bytes[..16], b => Assert.Equal(255, b));
        Assert.Equal([20, 100, 50, 128], bytes[16..20]);
        Assert.All(bytes[48..], b => Assert.Equal(0, b));
    }

    [Fact]
    public void Words_that_do_not_fit_go_to_the_next_line()
    {
        using var canvas = new TextCanvas(1, 1);
        canvas.SetFont(12);
        double room = canvas.MeasureWidth("one two");
        Assert.Equal(["one two", "three", "longer-than-a-line", "x"], canvas.Wrap("one two three longer-than-a-line x", room));
    }
}
