using FbShare.Capture;
using FbShare.Pictures;
using Xunit;

namespace FbShare.Tests.Capture;

public class PictureComparisonTests
{
    [Fact]
    public void Equal_colours_in_different_formats_are_equal()
    {
        (byte, byte, byte, byte)[] colours = TestWords.Colours(21, seed: 1);
        var one = new Picture(DrmFormat.XR24, 7, 3, TestWords.Write("XR24", colours));
        var other = new Picture(DrmFormat.BA24, 7, 3, TestWords.Write("BA24", colours));

        Assert.True(PictureComparison.Compare(one, other).AreEqual);
    }

    [Fact]
    public void Differences_are_counted_placed_and_measured()
    {
        (byte R, byte G, byte B, byte A)[] colours = TestWords.Colours(35, seed: 2);
        var one = new Picture(DrmFormat.XB24, 7, 5, TestWords.Write("XB24", colours));
        colours[(2 * 7) + 4].G ^= 0x10;
        colours[(3 * 7) + 1].B = (byte)(colours[(3 * 7) + 1].B + (colours[(3 * 7) + 1].B < 128 ? 100 : -100));
        colours[(4 * 7) + 6].A ^= 0xFF;
        var other = new Picture(DrmFormat.XB24, 7, 5, TestWords.Write("XB24", colours));

        PictureComparison result = PictureComparison.Compare(one, other);

        Assert.Equal(new PictureComparison(true, 2, (4, 2), new Rect(1, 2, 4, 2), 100), result);
        Assert.Equal("2 pixels differ by up to 100, the first at (4, 2), all inside 4x2+1+2", result.ToString());
    }

    [Fact]
    public void Different_sizes_are_never_equal()
    {
        var one = new Picture(DrmFormat.XR24, 2, 3, new byte[24]);
        var other = new Picture(DrmFormat.XR24, 3, 2, new byte[24]);

        Assert.False(PictureComparison.Compare(one, other).AreEqual);
    }
}
