using FbShare.Memory;
using FbShare.Pictures;

namespace FbShare.Tests.Memory;

/// <summary>Which rectangles stand for what changed.</summary>
public sealed class ChangedAreaTests
{
    private const int Width = 1920;
    private const int Height = 1080;
    private const int Stride = Width * 4;

    private readonly ChangedArea _area = new();
    private readonly Region _region = new();

    public ChangedAreaTests() => _area.Start(Stride);

    [Fact]
    public void A_narrow_column_below_a_wide_row_does_not_become_as_wide_however_long_it_is()
    {
        Change(new Rect(0, 0, 608, 32));
        Change(new Rect(512, 32, 96, 1048));

        // Rows are looked at in sixteens, and the first of them below still costs less than a rectangle.
        Assert.Equal([new Rect(0, 0, 608, 48), new Rect(512, 48, 96, 1032)], Rectangles());
    }

    [Fact]
    public void Rows_of_nearly_one_width_are_one_rectangle()
    {
        for (int y = 0; y < 320; y += 16)
        {
            Change(new Rect(0, y, 700 - (y % 80), 16));
        }

        Assert.Equal([new Rect(0, 0, 700, 320)], Rectangles());
    }

    [Fact]
    public void What_lies_far_apart_is_two_rectangles()
    {
        Change(new Rect(1800, 0, 40, 16));
        Change(new Rect(3, 1056, 40, 16));

        Assert.Equal([new Rect(1800, 0, 40, 16), new Rect(3, 1056, 40, 16)], Rectangles());
    }

    private void Change(Rect rect)
    {
        for (int y = rect.Y; y < rect.Bottom; y++)
        {
            _area.Add(((long)y * Stride) + (rect.X * 4), rect.Width * 4);
        }
    }

    private Rect[] Rectangles()
    {
        _area.AddTo(_region, new Rect(0, 0, Width, Height));
        return _region.Rects.ToArray();
    }
}
