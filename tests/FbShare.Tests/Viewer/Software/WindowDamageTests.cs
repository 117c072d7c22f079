using FbShare.Cli.Viewer;
using FbShare.Cli.Viewer.Software;
using FbShare.Pictures;

namespace FbShare.Tests.Viewer.Software;

/// <summary>What of a window is drawn anew, and from where, against a count of every pixel.</summary>
public class WindowDamageTests
{
    [Fact]
    public void Every_pixel_that_is_out_of_date_is_drawn_once_and_from_where_it_should()
    {
        const int Size = 40;
        var random = new Random(3);
        var damage = new WindowDamage();
        List<Rect> direct = [], composed = [];
        using LayerImage image = LayerImage.Tint([0, 0, 0, 0]);
        for (int round = 0; round < 2000; round++)
        {
            var asked = new bool[Size, Size];
            for (int n = random.Next(1, 24); n > 0; n--)
            {
                Rect part = Some();
                damage.Region.Add(part);
                Mark(asked, part);
            }
            Rect plain = random.Next(4) == 0 ? default : Some();
            List<Layer> layers = [];
            for (int n = random.Next(4); n > 0; n--)
            {
                layers.Add(new Layer(image, Some()));
            }

            damage.Divide((Size, Size), plain, layers, direct, composed);
            damage.Region.Clear();

            var drawn = new int[Size, Size];
            foreach (Rect part in direct.Concat(composed))
            {
                Assert.True(new Rect(0, 0, Size, Size).Contains(part), $"{part} is outside of the window");
                Each(part, (x, y) => drawn[x, y]++);
            }
            foreach (Rect part in direct)
            {
                Assert.True(plain.Contains(part));
                Assert.All(layers, layer => Assert.True(layer.Target.Intersect(part).IsEmpty));
            }
            foreach (Rect part in composed)
            {
                // Nothing is composed that could have been taken as it is.
                Each(part, (x, y) =>
                {
                    var pixel = new Rect(x, y, 1, 1);
                    Assert.True(pixel.Intersect(plain).IsEmpty || layers.Exists(layer => !layer.Target.Intersect(pixel).IsEmpty));
                });
            }
            Each(new Rect(0, 0, Size, Size), (x, y) => Assert.InRange(drawn[x, y], asked[x, y] ? 1 : 0, 1));
        }

        Rect Some() => new(random.Next(-5, Size), random.Next(-5, Size), random.Next(1, 25), random.Next(1, 25));

        static void Mark(bool[,] pixels, Rect part) => Each(part.Intersect(new Rect(0, 0, Size, Size)), (x, y) => pixels[x, y] = true);

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

    [Fact]
    public void Parts_that_do_not_touch_stay_apart()
    {
        var damage = new WindowDamage();
        damage.Region.Add(new Rect(0, 0, 5, 5));
        damage.Region.Add(new Rect(20, 20, 5, 5));
        List<Rect> direct = [], composed = [];
        damage.Divide((100, 100), new Rect(0, 0, 100, 100), [], direct, composed);
        Assert.Equal([new Rect(0, 0, 5, 5), new Rect(20, 20, 5, 5)], direct);
        Assert.Empty(composed);
    }
}
