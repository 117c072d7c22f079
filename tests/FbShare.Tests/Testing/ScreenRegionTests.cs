using CsCheck;
using FbShare.Pictures;
using FbShare.Testing.Screens;
using Xunit;

namespace FbShare.Tests.Testing;

public sealed class ScreenRegionTests
{
    private static readonly Gen<Rect> Rects = Gen.Select(Gen.Int[-3, 20], Gen.Int[-3, 20], Gen.Int[0, 12], Gen.Int[0, 12], (x, y, w, h) => new Rect(x, y, w, h));

    [Fact]
    public void The_parts_are_exactly_the_pixels_that_are_in_the_area_and_not_excluded_each_once() =>
        Gen.Select(Rects, Gen.Bool, Rects.Array[0, 5]).Sample((area, hasArea, holes) =>
        {
            var bounds = new Rect(0, 0, 17, 13);
            var counts = new int[17, 13];
            foreach (Rect part in new ScreenRegion(hasArea ? area : null, holes).Within(bounds))
            {
                for (int y = part.Y; y < part.Bottom; y++)
                {
                    for (int x = part.X; x < part.Right; x++)
                    {
                        counts[x, y]++;
                    }
                }
            }
            for (int y = 0; y < 13; y++)
            {
                for (int x = 0; x < 17; x++)
                {
                    var pixel = new Rect(x, y, 1, 1);
                    bool counted = (!hasArea || area.Contains(pixel)) && !Array.Exists(holes, hole => hole.Contains(pixel));
                    Assert.Equal(counted ? 1 : 0, counts[x, y]);
                }
            }
        });
}
