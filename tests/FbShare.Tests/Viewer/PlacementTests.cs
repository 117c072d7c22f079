using FbShare.Cli.Viewer;
using FbShare.Pictures;
using Xunit;

namespace FbShare.Tests.Viewer;

public sealed class PlacementTests
{
    [Theory]
    [InlineData(ScaleMode.Follow, 640, 480, 640, 480, "640x480+0+0")]
    [InlineData(ScaleMode.Follow, 640, 480, 1280, 480, "640x480+320+0")]
    [InlineData(ScaleMode.Fit, 640, 480, 1000, 1000, "1000x750+0+125")]
    [InlineData(ScaleMode.Fit, 640, 480, 655, 495, "640x480+7+7")]
    [InlineData(ScaleMode.Follow, 640, 480, 641, 480, "640x480+0+0")]
    [InlineData(ScaleMode.Follow, 640, 480, 639, 480, "639x479+0+0")]
    [InlineData(ScaleMode.Fit, 640, 480, 656, 495, "656x492+0+1")]
    [InlineData(ScaleMode.Fit, 8192, 8192, 101, 99, "99x99+1+0")]
    [InlineData(ScaleMode.Fit, 8192, 1, 100, 100, "100x1+0+49")]
    [InlineData(ScaleMode.Integer, 640, 480, 1920, 1200, "1280x960+320+120")]
    [InlineData(ScaleMode.Integer, 640, 480, 600, 400, "640x480+0+0")]
    [InlineData(ScaleMode.Fixed, 640, 480, 1000, 1000, "640x480+180+260")]
    [InlineData(ScaleMode.Fixed, 640, 480, 300, 200, "640x480+0+0")]
    internal void A_picture_lies_where_its_mode_says(ScaleMode mode, int width, int height, int windowWidth, int windowHeight, string target) =>
        Assert.Equal(target, Placement.Of(new WindowScale(mode), width, height, (windowWidth, windowHeight)).Target.ToString());

    [Theory]
    [InlineData("fit", ScaleMode.Fit, 100)]
    [InlineData("none", ScaleMode.Fixed, 100)]
    [InlineData("1:1", ScaleMode.Fixed, 100)]
    [InlineData("150%", ScaleMode.Fixed, 150)]
    [InlineData("1000%", ScaleMode.Fixed, 1000)]
    internal void A_scale_is_a_word_or_a_percentage(string text, ScaleMode mode, int percent)
    {
        Assert.True(WindowScale.TryParse(text, out WindowScale scale));
        Assert.Equal(new WindowScale(mode, percent), scale);
    }

    [Theory]
    [InlineData("")]
    [InlineData("%")]
    [InlineData("0%")]
    [InlineData("1001%")]
    [InlineData("-5%")]
    [InlineData("1.5%")]
    [InlineData("99999999999%")]
    [InlineData("150")]
    [InlineData("follow")]
    public void What_is_no_scale_is_refused(string text) => Assert.False(WindowScale.TryParse(text, out _));

    [Fact]
    public void A_percentage_is_of_the_picture_and_never_nothing()
    {
        Assert.Equal("960x720+20+40", Placement.Of(new WindowScale(ScaleMode.Fixed, 150), 640, 480, (1000, 800)).Target.ToString());
        Assert.Equal("1x1+2+2", Placement.Of(new WindowScale(ScaleMode.Fixed, 1), 7, 7, (5, 5)).Target.ToString());
    }

    [Fact]
    public void Every_pixel_of_an_unscaled_picture_is_under_its_own_place()
    {
        Placement placement = Placement.Of(new WindowScale(ScaleMode.Fixed), 33, 17, (100, 50));
        for (int i = 0; i < 33 * 17; i++)
        {
            (int x, int y) = (i % 33, i / 33);
            Assert.Equal((x, y), placement.ToPicture(placement.Target.X + x + 0.5, placement.Target.Y + y + 0.5));
        }
    }

    [Theory]
    [InlineData(-50, 12, 0, 6)]
    [InlineData(5000, 5000, 99, 49)]
    [InlineData(199.5, 0.5, 99, 0)]
    public void A_place_beside_the_picture_is_its_nearest_pixel(double x, double y, int pictureX, int pictureY) =>
        Assert.Equal((pictureX, pictureY), Placement.Of(new WindowScale(ScaleMode.Fit), 100, 50, (200, 100)).ToPicture(x, y));

    [Fact]
    public void A_part_is_rounded_outwards() =>
        Assert.Equal(new Rect(3, 3, 3, 3), Placement.Of(new WindowScale(ScaleMode.Fit), 100, 100, (150, 150)).ToWindow(new Rect(2, 2, 2, 2)));
}
