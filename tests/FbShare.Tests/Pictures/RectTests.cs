using System.Numerics;
using CsCheck;
using FbShare.Pictures;
using Xunit;

namespace FbShare.Tests.Pictures;

/// <summary>Rectangles against the same sums in numbers without end, and against sets of pixels.</summary>
public class RectTests
{
    private static readonly Gen<int> Number = Gen.OneOf(
        Gen.Int, Gen.Int[-3, 20], OneOf(int.MinValue, int.MinValue + 1, -Rect.Limit, Rect.Limit - 1, Rect.Limit, int.MaxValue - 1, int.MaxValue));

    private static readonly Gen<(int X, int Y, int Width, int Height)> Numbers = Gen.Select(Number, Number, Number, Number);

    private static readonly Gen<Rect> Small = Gen.Select(Gen.Int[-4, 6], Gen.Int[-4, 6], Gen.Int[0, 6], Gen.Int[0, 6], (x, y, w, h) => new Rect(x, y, w, h));

    [Fact]
    public void No_numbers_make_a_rectangle_whose_sums_overflow() => Numbers.Sample(n =>
    {
        var rect = new Rect(n.X, n.Y, n.Width, n.Height);
        Assert.Equal((Edge(n.X), Edge(n.Y)), (rect.X, rect.Y));
        Assert.Equal((Edge((BigInteger)n.X + Math.Max(n.Width, 0)), Edge((BigInteger)n.Y + Math.Max(n.Height, 0))), (rect.Right, rect.Bottom));
        Assert.True(rect is { Width: >= 0, Height: >= 0 });
    });

    [Fact]
    public void Two_rectangles_of_any_numbers_meet_and_join_as_numbers_without_end_say() => Gen.Select(Numbers, Numbers).Sample((m, n) =>
    {
        var a = new Rect(m.X, m.Y, m.Width, m.Height);
        var b = new Rect(n.X, n.Y, n.Width, n.Height);
        BigInteger left = BigInteger.Max(a.X, b.X), top = BigInteger.Max(a.Y, b.Y);
        BigInteger right = BigInteger.Min(a.Right, b.Right), bottom = BigInteger.Min(a.Bottom, b.Bottom);
        Rect both = a.Intersect(b);
        Assert.Equal(right <= left || bottom <= top, both.IsEmpty);
        Assert.Equal(both, b.Intersect(a));
        if (!both.IsEmpty)
        {
            Assert.Equal((left, top, right - left, bottom - top), (both.X, both.Y, both.Width, both.Height));
            Assert.True(a.Contains(both) && b.Contains(both));
        }
        if (!a.IsEmpty && !b.IsEmpty)
        {
            Rect around = a.Union(b);
            Assert.Equal((BigInteger.Min(a.X, b.X), BigInteger.Min(a.Y, b.Y)), (around.X, around.Y));
            Assert.Equal((BigInteger.Max(a.Right, b.Right), BigInteger.Max(a.Bottom, b.Bottom)), (around.Right, around.Bottom));
        }
    });

    [Fact]
    public void A_rectangle_moved_by_anything_is_cut_and_never_wraps() => Gen.Select(Numbers, Number, Number).Sample((n, dx, dy) =>
    {
        var rect = new Rect(n.X, n.Y, n.Width, n.Height);
        Rect moved = rect.Offset(dx, dy);
        Assert.Equal((Edge((BigInteger)rect.X + dx), Edge((BigInteger)rect.Y + dy)), (moved.X, moved.Y));
        Assert.Equal((Edge((BigInteger)rect.Right + dx), Edge((BigInteger)rect.Bottom + dy)), (moved.Right, moved.Bottom));
    });

    [Fact]
    public void Rectangles_are_the_sets_of_their_pixels() => Gen.Select(Small, Small).Sample((a, b) =>
    {
        HashSet<(int, int)> first = Pixels(a), second = Pixels(b);
        Assert.Equal(first.Count == 0, a.IsEmpty);
        Assert.True(Pixels(a.Intersect(b)).SetEquals(first.Intersect(second)));
        Assert.True(Pixels(a.Union(b)).IsSupersetOf(first.Union(second)));
        Assert.Equal(second.Count > 0 && second.IsSubsetOf(first), a.Contains(b));
    });

    private static BigInteger Edge(BigInteger value) => BigInteger.Max(-Rect.Limit, BigInteger.Min(Rect.Limit, value));

    private static HashSet<(int, int)> Pixels(Rect rect)
    {
        var pixels = new HashSet<(int, int)>();
        for (int y = rect.Y; y < rect.Bottom; y++)
        {
            for (int x = rect.X; x < rect.Right; x++)
            {
                pixels.Add((x, y));
            }
        }
        return pixels;
    }

    private static Gen<T> OneOf<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);
}
