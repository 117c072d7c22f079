using FbShare.Cli.Viewer;
using Xunit;

namespace FbShare.Tests.Viewer;

public sealed class UnitScaleTests
{
    [Theory]
    [InlineData(640, 640, 120)]
    [InlineData(1280, 640, 240)]
    [InlineData(641, 427, 180)]
    [InlineData(1280, 853, 180)]
    [InlineData(1280, 1024, 150)]
    [InlineData(1280, 1164, 132)]
    [InlineData(0, 0, 120)]
    internal void A_windows_two_sizes_tell_its_scale_although_one_is_rounded(int pixels, int units, int steps) =>
        Assert.Equal(steps, UnitScale.Of(pixels, units).Steps);

    [Theory]
    [InlineData(120, 722, 722)]
    [InlineData(240, 721, 361)]
    [InlineData(180, 640, 428)]
    [InlineData(180, 642, 428)]
    [InlineData(150, 722, 580)]
    [InlineData(150, 725, 580)]
    [InlineData(160, 1000, 750)]
    internal void A_window_has_room_for_the_picture_and_ends_where_a_pixel_does(int steps, int pixels, int units)
    {
        var scale = new UnitScale(steps);
        Assert.Equal(units, scale.UnitsFor(pixels));
        Assert.Equal(0, units * steps % 120);
        Assert.InRange(scale.PixelsOf(units), pixels, pixels + 15);
    }

    [Fact]
    public void Where_whole_pixels_are_far_apart_the_picture_has_room_and_no_more()
    {
        var scale = new UnitScale(121);
        Assert.Equal(992, scale.UnitsFor(1000));
        Assert.Equal(1000, scale.PixelsOf(992));
    }
}
