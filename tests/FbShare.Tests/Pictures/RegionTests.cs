using FbShare.Pictures;

namespace FbShare.Tests.Pictures;

/// <summary>Regions, against a count of every pixel.</summary>
public class RegionTests
{
    [Fact]
    public void It_covers_what_was_added_once_and_nothing_else_until_it_has_too_many_parts()
    {
        const int Size = 48;
        var random = new Random(9);
        var region = new Region();
        for (int round = 0; round < 3000; round++)
        {
            region.Clear();
            var added = new bool[Size, Size];
            bool isOne = false;
            for (int n = random.Next(9); n > 0; n--)
            {
                var part = new Rect(random.Next(Size), random.Next(Size), random.Next(20), random.Next(20));
                part = part.Intersect(new Rect(0, 0, Size, Size));
                region.Add(part);
                Each(part, (x, y) => added[x, y] = true);
                // Too many became the one around them.
                isOne |= region.Rects.Length == 1 && n < 7;
            }
            Rect crop = new(random.Next(-3, 10), random.Next(-3, 10), 40, 40);
            region.Crop(crop);

            var covered = new int[Size, Size];
            foreach (Rect rect in region.Rects)
            {
                Each(rect, (x, y) => covered[x, y]++);
            }
            Assert.InRange(region.Rects.Length, 0, Region.Most);
            Each(new Rect(0, 0, Size, Size), (x, y) =>
            {
                bool isIn = added[x, y] && !crop.Intersect(new Rect(x, y, 1, 1)).IsEmpty;
                Assert.InRange(covered[x, y], isIn ? 1 : 0, isIn || isOne ? 1 : 0);
                Assert.True(covered[x, y] == 0 || region.Bounds.Contains(new Rect(x, y, 1, 1)));
            });
        }

        static void Each(Rect part, Action<int, int> act)
        {
            for (int y = part.Y; y < part.Bottom; y++)
            {
                for (int x = part.X; x < part.Right; x++)
                {
                    act(x, y);
                }
            }
        }
    }
}
