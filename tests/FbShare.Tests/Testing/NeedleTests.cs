using CsCheck;
using FbShare.Capture;
using FbShare.Pictures;
using FbShare.Testing.Needles;
using Xunit;

namespace FbShare.Tests.Testing;

public sealed class NeedleTests
{
    private static readonly Gen<DrmFormat> Formats = Gen.Int[0, 7].Select(i => DrmFormats.All[i]);

    /// <summary>Few colours, close to each other, so that equal pixels and small differences are frequent.</summary>
    private static readonly Gen<byte> Component = Gen.Int[100, 103].Select(v => (byte)v);

    private static readonly Gen<(Picture Golden, Picture Screen, Rect[] Areas, Rect[] Masks, int Channel, double Share)> Cases =
        from width in Gen.Int[1, 24]
        from height in Gen.Int[1, 12]
        from golden in Component.Array[width * height * 4]
        from noise in Gen.Int[0, 9].Array[width * height * 4]
        from formats in Gen.Select(Formats, Formats)
        from areas in RectIn(width, height).Array[0, 3]
        from masks in Gen.Select(Gen.Int[-2, 25], Gen.Int[-2, 13], Gen.Int[1, 9], Gen.Int[1, 9], (x, y, w, h) => new Rect(x, y, w, h)).Array[0, 3]
        from channel in Gen.Int[0, 2]
        from share in Gen.Double[0, 0.6]
        select (
            new Picture(DrmFormat.XR24, width, height, golden).ConvertTo(formats.Item1),
            new Picture(DrmFormat.XR24, width, height, [.. golden.Zip(noise, (g, n) => (byte)(n < 7 ? g : g + n - 6))]).ConvertTo(formats.Item2),
            areas,
            masks,
            channel,
            share);

    [Fact]
    public void The_verdict_and_the_count_are_those_of_a_pixel_by_pixel_comparison() => Cases.Sample(c =>
    {
        NeedleResult result = Needle.OfPicture("golden", c.Golden, new NeedleOptions
        {
            Areas = c.Areas,
            Masks = c.Masks,
            Tolerance = new PixelTolerance(c.Channel, c.Share),
        }).Match(c.Screen);

        Rect[] areas = c.Areas.Length > 0 ? c.Areas : [c.Golden.Layout.Bounds];
        bool matches = true;
        for (int i = 0; i < areas.Length; i++)
        {
            (int count, int total, int delta) = CountSlowly(c.Golden, c.Screen, areas[i], c.Masks, c.Channel);
            matches &= count <= (int)(c.Share * total);
            Assert.Equal((count, delta), (result.Areas[i].Comparison!.Value.DifferentPixels, result.Areas[i].Comparison!.Value.MaxDelta));
        }
        Assert.Equal(matches, result.IsMatch);
    });

    [Fact]
    public void A_difference_picture_is_red_where_pixels_differ_and_nowhere_else() => Cases.Sample(c =>
    {
        Needle needle = Needle.OfPicture("golden", c.Golden, new NeedleOptions { Masks = c.Masks, Tolerance = new PixelTolerance(c.Channel) });
        Picture difference = needle.MarkDifference(c.Screen, needle.Match(c.Screen));
        for (int y = 1; y < c.Golden.Height - 1; y++)
        {
            // The outermost pixels are the frame around the area.
            for (int x = 1; x < c.Golden.Width - 1; x++)
            {
                bool differs = CountSlowly(c.Golden, c.Screen, new Rect(x, y, 1, 1), c.Masks, c.Channel).Count > 0;
                Assert.Equal(differs, difference[x, y] is { Red: > 200, Green: < 50 });
            }
        }
    });

    [Fact]
    public void A_small_picture_is_found_wherever_it_is_and_first_from_the_top() =>
        (from width in Gen.Int[1, 30]
         from height in Gen.Int[1, 20]
         from pixels in Gen.Int[0, 1].Select(v => (byte)(v * 9)).Array[width * height * 4]
         from part in RectIn(width, height)
         from channel in Gen.Int[0, 1]
         from format in Formats
         select (new Picture(DrmFormat.XR24, width, height, pixels), part, channel, format)).Sample((screen, part, channel, format) =>
        {
            if (part == screen.Layout.Bounds)
            {
                return;
            }
            Picture wanted = screen.Crop(part);
            NeedleResult result = Needle.OfPicture("part", wanted, new NeedleOptions { Tolerance = new PixelTolerance(channel) }).Match(screen.ConvertTo(format));
            Assert.True(result.IsMatch);
            Assert.Equal(FindSlowly(screen, wanted, channel), (result.Place.X, result.Place.Y));
        });

    [Fact]
    public void A_small_picture_that_is_nowhere_is_told_with_the_place_that_is_most_alike()
    {
        Picture screen = Striped(200, 100);
        byte[] pixels = screen.Crop(new Rect(40, 30, 20, 10)).Pixels.ToArray();
        pixels[0] ^= 0x40;
        NeedleResult result = Needle.OfPicture("part", new Picture(screen.Format, 20, 10, pixels)).Match(screen);
        Assert.False(result.IsMatch);
        Assert.Equal((new Rect(40, 30, 20, 10), true), (result.Place, result.Similarity is > 0.9 and < 1.0001));
        Assert.Contains("nowhere", result.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Pictures_of_another_size_do_not_match_and_say_so()
    {
        NeedleResult result = Needle.OfPicture("golden", Striped(40, 30)).Match(Striped(30, 40));
        Assert.False(result.IsMatch);
        Assert.Equal("the screen is 30x40 and the picture 40x30", result.Reason);
    }

    [Theory]
    [InlineData(0, 0, 0.97, true)]
    [InlineData(9, -4, 0.97, true)]
    [InlineData(11, 0, 0.97, false)]
    public void By_similarity_an_area_may_be_as_far_away_as_its_margin(int dx, int dy, double similarity, bool expected)
    {
        Picture golden = Striped(120, 90);
        byte[] shifted = new byte[golden.Pixels.Length];
        for (int y = 0; y < 90; y++)
        {
            for (int x = 0; x < 120; x++)
            {
                golden.Pixels.Slice(((Math.Clamp(y - dy, 0, 89) * 120) + Math.Clamp(x - dx, 0, 119)) * 4, 4).CopyTo(shifted.AsSpan(((y * 120) + x) * 4));
            }
        }
        NeedleResult result = Needle.OfPicture("golden", golden, new NeedleOptions { Similarity = similarity, Margin = 10, Areas = [new Rect(40, 30, 33, 17)] })
            .Match(new Picture(golden.Format, 120, 90, shifted));
        Assert.Equal(expected, result.IsMatch);
        if (expected)
        {
            Assert.Equal((new Rect(40 + dx, 30 + dy, 33, 17), (56 + dx, 38 + dy)), (result.Place, result.ClickPoint));
        }
    }

    [Theory]
    [InlineData("""{"area":[]}""", "it has 0 areas")]
    [InlineData("""{}""", "it has 0 areas")]
    [InlineData("""null""", "it is null")]
    [InlineData("""[1""", "is no needle")]
    [InlineData("""{"area":[null]}""", "area 0 is null")]
    [InlineData("""{"area":[{"xpos":1,"ypos":2,"width":40,"height":1}]}""", "is not inside its picture of 40x30")]
    [InlineData("""{"area":[{"xpos":1e300,"ypos":2,"width":4,"height":1}]}""", "is not inside its picture")]
    [InlineData("""{"area":[{"xpos":-1,"ypos":2,"width":4,"height":1}]}""", "is not inside its picture")]
    [InlineData("""{"area":[{"xpos":1,"ypos":2,"width":4,"height":0}]}""", "is not inside its picture")]
    [InlineData("""{"area":[{"width":4,"height":1,"type":"ocr"}]}""", "none of its areas is of the type \"match\"")]
    [InlineData("""{"area":[{"width":4,"height":1,"type":"find"}]}""", "of the type \"find\"")]
    [InlineData("""{"area":[{"width":4,"height":1,"click_point":"left"}]}""", "click_point")]
    public void A_needle_that_makes_no_sense_is_refused_with_a_sentence(string json, string said)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["n.json"], json);
        PictureFile.Write(folder["n.png"], Striped(40, 30));
        CaptureException why = Assert.Throws<CaptureException>(() => Needle.Load(folder["n.json"]));
        Assert.Contains(said, why.Message, StringComparison.Ordinal);
        Assert.Contains("n.json", why.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_needle_of_os_autoinst_is_read_as_it_is()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["n.json"], """
            {"area":[{"xpos":"3","ypos":4,"width":10,"height":8,"match":90.5,"margin":7,"click_point":{"xpos":2,"ypos":3}},
                     {"xpos":20,"ypos":5,"width":6,"height":6,"type":"exclude"},
                     {"xpos":0,"ypos":0,"width":9,"height":9,"type":"match","margin":0,"match":0}],
             "tags":["login","ENV-X-1"],"properties":["workaround"]}
            """);
        PictureFile.Write(folder["n.png"], Striped(40, 30));
        Needle needle = Needle.Load(folder["n.json"]);
        Assert.Equal(
            [
                new NeedleArea(new Rect(3, 4, 10, 8), NeedleAreaKind.Match) { Match = 0.905, Margin = 7, ClickPoint = (2, 3) },
                new NeedleArea(new Rect(20, 5, 6, 6), NeedleAreaKind.Exclude),
                new NeedleArea(new Rect(0, 0, 9, 9), NeedleAreaKind.Match) { Match = 0.96, Margin = 50 },
            ],
            needle.Areas);
        Assert.Equal(["login", "ENV-X-1"], needle.Tags);
        NeedleResult result = needle.Match(Striped(40, 30));
        Assert.Equal((true, (5, 7), 1.0), (result.IsMatch, result.ClickPoint, result.Similarity));
    }

    /// <summary>A picture without two equal parts.</summary>
    internal static Picture Striped(int width, int height)
    {
        byte[] pixels = new byte[width * height * 4];
        for (int i = 0; i < width * height; i++)
        {
            (int x, int y) = (i % width, i / width);
            uint hash = (uint)((x * 73856093) ^ (y * 19349663) ^ (x * y * 83492791));
            BitConverter.TryWriteBytes(pixels.AsSpan(i * 4), hash ^ (hash >> 13));
        }
        return new Picture(DrmFormat.XR24, width, height, pixels);
    }

    private static Gen<Rect> RectIn(int width, int height) =>
        from w in Gen.Int[1, width]
        from h in Gen.Int[1, height]
        from x in Gen.Int[0, width - w]
        from y in Gen.Int[0, height - h]
        select new Rect(x, y, w, h);

    private static (int Count, int Total, int MaxDelta) CountSlowly(Picture golden, Picture screen, Rect area, Rect[] masks, int channel)
    {
        (int count, int total, int maxDelta) = (0, 0, 0);
        for (int y = area.Y; y < area.Bottom; y++)
        {
            for (int x = area.X; x < area.Right; x++)
            {
                if (Array.Exists(masks, m => m.Contains(new Rect(x, y, 1, 1))))
                {
                    continue;
                }
                total++;
                int delta = Delta(golden[x, y], screen[x, y]);
                count += delta > channel ? 1 : 0;
                maxDelta = delta > channel ? Math.Max(maxDelta, delta) : maxDelta;
            }
        }
        return (count, total, maxDelta);
    }

    private static (int X, int Y) FindSlowly(Picture screen, Picture wanted, int channel)
    {
        for (int y = 0; y <= screen.Height - wanted.Height; y++)
        {
            for (int x = 0; x <= screen.Width - wanted.Width; x++)
            {
                bool isThere = true;
                for (int i = 0; i < wanted.Width * wanted.Height && isThere; i++)
                {
                    (int wx, int wy) = (i % wanted.Width, i / wanted.Width);
                    isThere = Delta(wanted[wx, wy], screen[x + wx, y + wy]) <= channel;
                }
                if (isThere)
                {
                    return (x, y);
                }
            }
        }
        return (-1, -1);
    }

    private static int Delta((byte Red, byte Green, byte Blue, byte Alpha) a, (byte Red, byte Green, byte Blue, byte Alpha) b) =>
        Math.Max(Math.Abs(a.Red - b.Red), Math.Max(Math.Abs(a.Green - b.Green), Math.Abs(a.Blue - b.Blue)));
}
