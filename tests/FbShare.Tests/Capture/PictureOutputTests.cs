using FbShare.Capture;
using FbShare.Pictures;
using Xunit;

namespace FbShare.Tests.Capture;

public class PictureOutputTests
{
    public static TheoryData<string> Formats => [.. TestWords.Names];

    [Theory]
    [InlineData("50%", 101, 40, 51, 20)]
    [InlineData("12.5%", 80, 3, 10, 1)]
    [InlineData("200%", 7, 5, 14, 10)]
    [InlineData("320x200", 7, 5, 320, 200)]
    public void A_scale_is_a_share_or_a_size(string text, int width, int height, int scaledWidth, int scaledHeight)
    {
        Assert.True(PictureScale.TryParse(text, out PictureScale scale));
        Assert.Equal((scaledWidth, scaledHeight), scale.Of(width, height));
    }

    [Theory]
    [InlineData("")]
    [InlineData("%")]
    [InlineData("50")]
    [InlineData("-5%")]
    [InlineData("10001%")]
    [InlineData("1e2%")]
    [InlineData("320x")]
    [InlineData("0x200")]
    [InlineData("320x16385")]
    [InlineData("320x200x3")]
    public void What_is_neither_is_refused(string text) => Assert.False(PictureScale.TryParse(text, out _));

    [Theory]
    [MemberData(nameof(Formats))]
    public void A_smaller_picture_is_the_mean_of_each_formats_colours_whatever_the_fourth_byte(string name)
    {
        // Blocks of 2x2 pixels whose means are whole numbers.
        (byte R, byte G, byte B, byte A)[] means = TestWords.Colours(6 * 4, seed: 31);
        var colours = new (byte R, byte G, byte B, byte A)[12 * 8];
        for (int i = 0; i < colours.Length; i++)
        {
            (int x, int y) = (i % 12, i / 12);
            (byte r, byte g, byte b, byte a) = means[(y / 2 * 6) + (x / 2)];
            int sign = (x + y) % 2 == 0 ? 1 : -1;
            (r, g, b) = (Math.Clamp(r, (byte)9, (byte)246), Math.Clamp(g, (byte)9, (byte)246), Math.Clamp(b, (byte)9, (byte)246));
            means[(y / 2 * 6) + (x / 2)] = (r, g, b, a);
            colours[i] = ((byte)(r + (9 * sign)), (byte)(g - (9 * sign)), (byte)(b + (5 * sign)), (byte)(i * 37));
        }
        var picture = new Picture(Enum.Parse<DrmFormat>(name), 12, 8, TestWords.Write(name, colours));

        Picture half = picture.ScaleTo(6, 4);

        Assert.Equal(picture.Format, half.Format);
        Assert.Equal(means.SelectMany(c => new[] { c.R, c.G, c.B, (byte)255 }), half.ToRgba());
    }

    [Fact]
    public void A_larger_picture_keeps_its_corners_and_mixes_between()
    {
        var picture = new Picture(DrmFormat.XR24, 2, 1, [0, 0, 0, 9, 100, 100, 100, 9]);
        Picture larger = picture.ScaleTo(8, 3);
        Assert.Equal((0, 100), (larger[0, 0].Red, larger[7, 2].Red));
        Assert.InRange(larger[4, 1].Red, 1, 99);
    }

    [Fact]
    public void A_part_is_written_before_it_is_scaled_and_what_was_written_is_told()
    {
        using var folder = new TemporaryFolder();
        byte[] pixels = [.. Enumerable.Range(0, 10 * 6).SelectMany(i => new[] { (byte)i, (byte)0, (byte)0, (byte)255 })];
        var picture = new Picture(DrmFormat.XR24, 10, 6, pixels);
        Assert.True(PictureScale.TryParse("100%", out PictureScale same));

        Picture written = new PictureOutput(folder["a.raw"], PictureFormat.Raw) { Crop = new Rect(3, 2, 4, 3), Scale = same }.Write(picture);

        Assert.Equal((4, 3), (written.Width, written.Height));
        Assert.Equal([23, 24, 25, 26, 33, 34, 35, 36, 43, 44, 45, 46], PictureFile.Read(folder["a.raw"]).ToRgba().Where((_, i) => i % 4 == 2).ToArray());
    }
}
