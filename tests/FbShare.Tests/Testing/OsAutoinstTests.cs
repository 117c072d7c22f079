using System.Globalization;
using System.Text.Json;
using FbShare.Capture;
using FbShare.Pictures;
using FbShare.Testing.Needles;
using FbShare.Tools;
using Xunit;
using Xunit.Abstractions;

namespace FbShare.Tests.Testing;

/// <summary>os-autoinst as judge: the same needles, the same screens, the same verdicts and places.</summary>
public sealed class OsAutoinstTests(ITestOutputHelper output)
{
    private const int Count = 1000;

    /// <summary>By how much similarities may differ: OpenCV rounds some blurred pixels the other way.</summary>
    private const double Rounding = 0.01;

    /// <summary>Its answers to all questions, as tools/check-needles writes them down. os-autoinst needs 1.2 GB of packages, too many for every test run.</summary>
    private static readonly string Recorded = Repository.PathOf("tests/FbShare.Tests/Testing/os-autoinst.verdicts");

    [NeedsOsAutoinstFact]
    public void What_os_autoinst_says_is_what_was_written_down()
    {
        using var folder = new TemporaryFolder();
        string[] said = OsAutoinst.Ask(folder.Path, MakeAll(folder));
        if (Environment.GetEnvironmentVariable("FBSHARE_RECORD_VERDICTS") is { Length: > 0 })
        {
            File.WriteAllLines(Recorded, said);
        }
        string[] recorded = File.ReadAllLines(Recorded);
        Assert.Equal(Count, recorded.Length);
        foreach ((Verdict now, Verdict then) in said.Select(Verdict.Parse).Zip(recorded.Select(Verdict.Parse)))
        {
            Assert.Equal(then.IsMatch, now.IsMatch);
            Assert.Equal(then.Areas.Select(a => a.IsMatch), now.Areas.Select(a => a.IsMatch));
            Assert.All(then.Areas.Zip(now.Areas), pair => Assert.Equal(pair.First.Similarity, pair.Second.Similarity, Rounding));
        }
    }

    [Fact]
    public void A_thousand_needles_get_the_verdict_and_the_place_that_os_autoinst_gives_them()
    {
        using var folder = new TemporaryFolder();
        List<(string Needle, string Scene)> cases = MakeAll(folder);
        Verdict[] judged = [.. File.ReadLines(Recorded).Select(Verdict.Parse)];
        Assert.Equal(Count, judged.Length);

        var wrong = new List<string>();
        int matches = 0;
        int ties = 0;
        for (int i = 0; i < Count; i++)
        {
            NeedleResult ours = Needle.Load(cases[i].Needle).Match(PictureFile.Read(cases[i].Scene));
            matches += ours.IsMatch ? 1 : 0;
            if (!Agree(judged[i], ours, out bool isTie))
            {
                wrong.Add($"{i}: os-autoinst {Describe(judged[i].IsMatch, judged[i].Areas)}, ours {Describe(ours.IsMatch, ours.Areas.Select(a => (a.Place.X, a.Place.Y, a.Similarity, a.IsMatch)))}");
            }
            ties += isTie ? 1 : 0;
        }
        output.WriteLine($"{Count} needles, {matches} match, {ties} with an area as alike in another place, {wrong.Count} judged otherwise");
        wrong.ForEach(output.WriteLine);
        Assert.InRange(matches, Count / 4, Count * 3 / 4);
        Assert.Equal([], wrong);
    }

    private static List<(string Needle, string Scene)> MakeAll(TemporaryFolder folder)
    {
        var random = new Random(16);
        return [.. Enumerable.Range(0, Count).Select(i => Make(folder, random, i))];
    }

    /// <summary>Whether verdicts and places are the same. OpenCV adds up in single precision, so that of two places that are almost equally
    /// alike it may take either.</summary>
    private static bool Agree(Verdict judged, NeedleResult ours, out bool isTie)
    {
        isTie = false;
        bool agree = judged.IsMatch == ours.IsMatch && judged.Areas.Count == ours.Areas.Count;
        for (int i = 0; agree && i < judged.Areas.Count; i++)
        {
            var (x, y, similarity, isMatch) = judged.Areas[i];
            AreaResult area = ours.Areas[i];
            bool isThere = (x, y) == (area.Place.X, area.Place.Y);
            isTie |= !isThere;
            agree = isMatch == area.IsMatch && Math.Abs(similarity - area.Similarity) <= Rounding;
        }
        return agree;
    }

    private static string Describe(bool isMatch, IEnumerable<(int X, int Y, double Similarity, bool IsMatch)> areas) =>
        $"{isMatch} {string.Join(' ', areas.Select(a => string.Create(CultureInfo.InvariantCulture, $"({a.X},{a.Y}) {a.Similarity:0.00000} {a.IsMatch}")))}";

    /// <summary>A screen with boxes and stripes, as windows and text are; a needle of it; and the same screen shifted, with noise, and with other
    /// things in it.</summary>
    private static (string Needle, string Scene) Make(TemporaryFolder folder, Random random, int i)
    {
        int width = random.Next(40, 180);
        int height = random.Next(40, 120);
        byte[] pixels = Draw(random, width, height);
        var areas = new List<object>();
        int count = random.Next(1, 4);
        for (int a = 0; a < count; a++)
        {
            int w = random.Next(4, Math.Min(60, width));
            int h = random.Next(4, Math.Min(60, height));
            areas.Add(new
            {
                xpos = random.Next(0, width - w + 1),
                ypos = random.Next(0, height - h + 1),
                width = w,
                height = h,
                type = "match",
                match = random.Next(80, 101),
                margin = random.Next(1, 40),
            });
        }
        for (int a = random.Next(0, 3); a > 0; a--)
        {
            int w = random.Next(1, 30);
            int h = random.Next(1, 30);
            areas.Add(new { xpos = random.Next(0, width - w + 1), ypos = random.Next(0, height - h + 1), width = w, height = h, type = "exclude" });
        }
        File.WriteAllText(folder[$"n{i}.json"], JsonSerializer.Serialize(new { area = areas, tags = new[] { $"tag-{i}" }, properties = Array.Empty<string>() }));
        File.WriteAllBytes(folder[$"n{i}.png"], PngFile.Encode(new Picture(DrmFormat.XR24, width, height, pixels)));
        File.WriteAllBytes(folder[$"s{i}.png"], PngFile.Encode(new Picture(DrmFormat.XR24, width, height, Disturb(random, pixels, width, height))));
        return (folder[$"n{i}.json"], folder[$"s{i}.png"]);
    }

    private static byte[] Draw(Random random, int width, int height)
    {
        byte[] pixels = new byte[width * height * 4];
        uint ground = (uint)random.Next(0x1000000);
        Fill(pixels, width, new Rect(0, 0, width, height), (_, _) => ground);
        for (int box = random.Next(3, 12); box > 0; box--)
        {
            var area = new Rect(random.Next(width), random.Next(height), random.Next(5, 90), random.Next(5, 60)).Intersect(new Rect(0, 0, width, height));
            uint one = (uint)random.Next(0x1000000);
            uint other = (uint)random.Next(0x1000000);
            int seed = random.Next();
            // Stripes and dots of irregular widths: no two places alike.
            Fill(pixels, width, area, (x, y) => (((x * x * 7) + (y * 13) + (x * y * 5) + seed) & 0x3F) < 24 ? one : other);
        }
        return pixels;
    }

    private static byte[] Disturb(Random random, byte[] pixels, int width, int height)
    {
        byte[] scene = (byte[])pixels.Clone();
        int kind = random.Next(6);
        if (kind is 1 or 4)
        {
            (int dx, int dy) = (random.Next(-15, 16), random.Next(-15, 16));
            Fill(scene, width, new Rect(0, 0, width, height), (x, y) =>
                BitConverter.ToUInt32(pixels, (((Math.Clamp(y - dy, 0, height - 1) * width) + Math.Clamp(x - dx, 0, width - 1)) * 4)));
        }
        if (kind is 2 or 4)
        {
            int strength = random.Next(1, 60);
            for (int at = 0; at < scene.Length; at++)
            {
                scene[at] = (byte)Math.Clamp(scene[at] + random.Next(-strength, strength + 1), 0, 255);
            }
        }
        if (kind is 3 or 5)
        {
            for (int box = random.Next(1, 6); box > 0; box--)
            {
                uint colour = (uint)random.Next(0x1000000);
                Fill(scene, width, new Rect(random.Next(width), random.Next(height), random.Next(1, 40), random.Next(1, 40)).Intersect(new Rect(0, 0, width, height)), (_, _) => colour);
            }
        }
        return scene;
    }

    private static void Fill(byte[] pixels, int width, Rect area, Func<int, int, uint> colour)
    {
        for (int y = area.Y; y < area.Bottom; y++)
        {
            for (int x = area.X; x < area.Right; x++)
            {
                BitConverter.TryWriteBytes(pixels.AsSpan(((y * width) + x) * 4), colour(x, y) | 0xFF000000);
            }
        }
    }
}

/// <summary>Skipped where os-autoinst is not installed.</summary>
internal sealed class NeedsOsAutoinstFactAttribute : FactAttribute
{
    public NeedsOsAutoinstFactAttribute() => Skip = OsAutoinst.Obstacle;
}
