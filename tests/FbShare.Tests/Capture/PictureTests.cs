using System.Buffers.Binary;
using System.Security.Cryptography;
using FbShare.Capture;
using FbShare.Pictures;
using Xunit;

namespace FbShare.Tests.Capture;

public class PictureTests
{
    public static TheoryData<string, int, int> FormatsAndSizes()
    {
        var data = new TheoryData<string, int, int>();
        foreach (string name in TestWords.Names)
        {
            data.Add(name, 1, 1);
            data.Add(name, 3, 2);
            data.Add(name, 7, 5);
            data.Add(name, 33, 13);
        }
        return data;
    }

    [Theory]
    [MemberData(nameof(FormatsAndSizes))]
    public void Every_format_gives_its_red_green_blue_and_alpha(string name, int width, int height)
    {
        DrmFormat format = Enum.Parse<DrmFormat>(name);
        (byte R, byte G, byte B, byte A)[] colours = TestWords.Colours(width * height, seed: 5);
        byte[] bytes = TestWords.Write(name, colours);

        var picture = new Picture(format, width, height, bytes);

        byte[] rgba = picture.ToRgba();
        byte[] rgb = picture.ToRgb();
        bool alpha = name.Contains('A');
        for (int i = 0; i < colours.Length; i++)
        {
            var (r, g, b, a) = colours[i];
            byte expectedAlpha = alpha ? a : (byte)255;
            Assert.Equal([r, g, b, expectedAlpha], rgba[(i * 4)..((i * 4) + 4)]);
            Assert.Equal([r, g, b], rgb[(i * 3)..((i * 3) + 3)]);
            Assert.Equal((r, g, b, expectedAlpha), picture[i % width, i / width]);
        }
    }

    [Theory]
    [MemberData(nameof(FormatsAndSizes))]
    public void Every_format_converts_into_every_other(string name, int width, int height)
    {
        (byte R, byte G, byte B, byte A)[] colours = TestWords.Colours(width * height, seed: 11);
        var picture = new Picture(Enum.Parse<DrmFormat>(name), width, height, TestWords.Write(name, colours));
        foreach (string other in TestWords.Names)
        {
            (byte R, byte G, byte B, byte A)[] expected = name.Contains('A') && other.Contains('A') ? colours : [.. colours.Select(c => c with { A = 255 })];

            Assert.Equal(name == other ? TestWords.Write(name, colours) : TestWords.Write(other, expected), picture.ConvertTo(Enum.Parse<DrmFormat>(other)).Pixels.ToArray());
        }
    }

    [Fact]
    public void A_copy_leaves_out_offset_and_padding()
    {
        const int width = 5, height = 3, stride = 37, offset = 11;
        byte[] bytes = new byte[offset + (stride * height)];
        for (int i = 0; i < bytes.Length; i++)
        {
            bytes[i] = (byte)i;
        }
        Assert.True(FrameLayout.TryCreate(DrmFormat.XR24, width, height, stride, offset, bytes.Length, out FrameLayout layout, out _));

        Picture picture = Picture.Copy(layout, bytes);

        byte[] expected = [.. Enumerable.Range(11, 20).Concat(Enumerable.Range(48, 20)).Concat(Enumerable.Range(85, 20)).Select(i => (byte)i)];
        Assert.Equal(expected, picture.Pixels.ToArray());
    }

    [Fact]
    public void A_copy_of_a_layout_past_the_bytes_is_refused()
    {
        FrameLayout layout = FrameLayout.Packed(DrmFormat.XR24, 4, 4);
        Assert.Throws<ArgumentException>(() => Picture.Copy(layout, new byte[63]));
    }

    [Theory]
    [InlineData(3, 2, 0, 0)]
    [InlineData(0, 0, 2, 1)]
    [InlineData(8, 6, 1, 1)]
    [InlineData(-40, -40, 0, 0)]
    [InlineData(int.MaxValue, int.MinValue, 3, 3)]
    public void A_cursor_is_blended_from_its_left_top_corner_and_clipped(int x, int y, int hotX, int hotY)
    {
        const int width = 9, height = 7, size = 4;
        foreach (string name in TestWords.Names)
        {
            (byte R, byte G, byte B, byte A)[] below = TestWords.Colours(width * height, seed: 3);
            (byte R, byte G, byte B, byte A)[] cursor = TestWords.Premultiplied(size * size, seed: 4);
            var picture = new Picture(Enum.Parse<DrmFormat>(name), width, height, TestWords.Write(name, below));
            var image = new CursorImage(size, size, hotX, hotY, TestWords.Write("AR24", cursor));

            Picture shown = picture.WithCursor(image, new CursorPosition(x, y, Visible: true));

            for (long py = 0; py < height; py++)
            {
                for (long px = 0; px < width; px++)
                {
                    var under = below[(py * width) + px];
                    long cx = (long)px - x, cy = (long)py - y;
                    (double R, double G, double B) expected = (under.R, under.G, under.B);
                    if (cx is >= 0 and < size && cy is >= 0 and < size)
                    {
                        var over = cursor[(cy * size) + cx];
                        double through = 1 - (over.A / 255.0);
                        expected = (over.R + (under.R * through), over.G + (under.G * through), over.B + (under.B * through));
                    }
                    var (r, g, b, _) = shown[(int)px, (int)py];
                    Assert.InRange(r, (byte)Math.Floor(expected.R), (byte)Math.Ceiling(expected.R));
                    Assert.InRange(g, (byte)Math.Floor(expected.G), (byte)Math.Ceiling(expected.G));
                    Assert.InRange(b, (byte)Math.Floor(expected.B), (byte)Math.Ceiling(expected.B));
                }
            }
        }
    }

    [Fact]
    public void An_invisible_cursor_and_one_that_is_cut_short_are_not_drawn()
    {
        var picture = new Picture(DrmFormat.XR24, 2, 2, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
        byte[] white = [255, 255, 255, 255];
        Assert.Same(picture, picture.WithCursor(new CursorImage(1, 1, 0, 0, white), new CursorPosition(0, 0, Visible: false)));
        Assert.Same(picture, picture.WithCursor(new CursorImage(64, 64, 0, 0, white), new CursorPosition(0, 0, Visible: true)));
    }

    [Fact]
    public void The_hash_is_that_of_size_and_colours_in_any_format()
    {
        (byte R, byte G, byte B, byte A)[] colours = TestWords.Colours(15, seed: 9);
        byte[] plain = [5, 0, 0, 0, 3, 0, 0, 0, .. colours.SelectMany(c => new[] { c.R, c.G, c.B })];
        string expected = Convert.ToHexString(SHA256.HashData(plain));
        foreach (string name in TestWords.Names)
        {
            Assert.Equal(expected, new Picture(Enum.Parse<DrmFormat>(name), 5, 3, TestWords.Write(name, colours)).ComputeHash(), ignoreCase: true);
        }
        Assert.NotEqual(expected, new Picture(DrmFormat.XB24, 3, 5, TestWords.Write("XB24", colours)).ComputeHash(), StringComparer.OrdinalIgnoreCase);
    }
}

/// <summary>Pixels written as 32-bit little-endian words by the letters of the DRM name: independent of the code under test.</summary>
internal static class TestWords
{
    public static readonly string[] Names = ["XR24", "AR24", "BX24", "BA24", "XB24", "AB24", "RX24", "RA24"];

    /// <summary>The components of each name, from the most significant byte of the word (drm_fourcc.h).</summary>
    private static readonly Dictionary<string, string> Order = new()
    {
        ["XR24"] = "XRGB",
        ["AR24"] = "ARGB",
        ["BX24"] = "BGRX",
        ["BA24"] = "BGRA",
        ["XB24"] = "XBGR",
        ["AB24"] = "ABGR",
        ["RX24"] = "RGBX",
        ["RA24"] = "RGBA",
    };

    public static (byte R, byte G, byte B, byte A)[] Colours(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => ((byte)random.Next(256), (byte)random.Next(256), (byte)random.Next(256), (byte)random.Next(256)))];
    }

    public static (byte R, byte G, byte B, byte A)[] Premultiplied(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ =>
        {
            int alpha = random.Next(4) switch { 0 => 0, 1 => 255, _ => random.Next(256) };
            return ((byte)random.Next(alpha + 1), (byte)random.Next(alpha + 1), (byte)random.Next(alpha + 1), (byte)alpha);
        })];
    }

    /// <summary>Packed bytes; X takes the colour's A as rubbish.</summary>
    public static byte[] Write(string name, ReadOnlySpan<(byte R, byte G, byte B, byte A)> colours)
    {
        byte[] bytes = new byte[colours.Length * 4];
        for (int i = 0; i < colours.Length; i++)
        {
            uint word = 0;
            foreach (char component in Order[name])
            {
                word = (word << 8) | component switch { 'R' => colours[i].R, 'G' => colours[i].G, 'B' => colours[i].B, _ => colours[i].A };
            }
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(i * 4), word);
        }
        return bytes;
    }
}
