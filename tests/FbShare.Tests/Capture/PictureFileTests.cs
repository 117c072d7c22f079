using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using FbShare.Capture;
using FbShare.Linux;
using FbShare.Pictures;
using Xunit;

namespace FbShare.Tests.Capture;

public class PictureFileTests
{
    public static TheoryData<string, int, int> FormatsAndSizes => PictureTests.FormatsAndSizes();

    [Theory]
    [MemberData(nameof(FormatsAndSizes))]
    public void A_png_holds_the_colours_of_every_format(string name, int width, int height)
    {
        (byte R, byte G, byte B, byte A)[] colours = TestWords.Colours(width * height, seed: 21);
        var picture = new Picture(Enum.Parse<DrmFormat>(name), width, height, TestWords.Write(name, colours));

        Assert.Equal(colours.SelectMany(c => new[] { c.R, c.G, c.B }), ReadPng(PngFile.Encode(picture), width, height, channels: 3));
        Assert.Equal(
            colours.SelectMany(c => new[] { c.R, c.G, c.B, name.Contains('A') ? c.A : (byte)255 }),
            ReadPng(PngFile.Encode(picture, withAlpha: true), width, height, channels: 4));
    }

    [Theory]
    [InlineData(3, "XB24")]
    [InlineData(4, "AB24")]
    public void A_png_from_elsewhere_is_read(int channels, string format)
    {
        byte[] bytes = new byte[5 * 3 * channels];
        new Random(8).NextBytes(bytes);

        Picture picture = PngFile.Decode(WritePng(bytes, 5, 3, channels));

        Assert.Equal(format, picture.Format.ToString());
        Assert.Equal(bytes, channels == 3 ? picture.ToRgb() : picture.ToRgba());
    }

    [Fact]
    public void A_png_larger_than_any_screen_is_refused_before_its_pixels_are_read()
    {
        var e = Assert.Throws<CaptureException>(() => PngFile.Decode(WritePng([0, 0, 0], 20000, 20000, 3)));
        Assert.Contains("20000x20000", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    [InlineData(60)]
    public void A_png_cut_short_is_refused(int length)
    {
        byte[] png = WritePng(new byte[30], 5, 2, 3);
        Assert.Throws<CaptureException>(() => PngFile.Decode(png.AsSpan(0, Math.Min(length, png.Length - 20))));
    }

    /// <summary>Skia reads to the last pixel and no further.</summary>
    [Theory]
    [InlineData(12, null, "cut short")]
    [InlineData(1, null, "cut short")]
    [InlineData(0, 12, "cut short")]
    [InlineData(0, 9, "cut short")]
    [InlineData(0, 1, "checksum")]
    [InlineData(0, 13, "checksum")]
    public void A_png_cut_or_damaged_after_its_last_pixel_is_refused(int cut, int? damaged, string said)
    {
        byte[] png = WritePng(new byte[30], 5, 2, 3);
        Assert.Equal(5, PngFile.Decode(png).Width);
        if (damaged is { } fromEnd)
        {
            png[^fromEnd] ^= 0x40;
        }
        var e = Assert.Throws<CaptureException>(() => PngFile.Decode(png.AsSpan(0, png.Length - cut)));
        Assert.Contains(said, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_png_with_too_few_rows_is_refused()
    {
        Assert.Throws<CaptureException>(() => PngFile.Decode(WritePng(new byte[15 * 3], 5, 4, 3)));
    }

    [Theory]
    [MemberData(nameof(FormatsAndSizes))]
    public void A_webp_and_the_smallest_png_hold_the_colours_of_every_format(string name, int width, int height)
    {
        (byte R, byte G, byte B, byte A)[] colours = TestWords.Colours(width * height, seed: 27);
        var picture = new Picture(Enum.Parse<DrmFormat>(name), width, height, TestWords.Write(name, colours));
        using var folder = new TemporaryFolder();
        foreach (Compression compression in Enum.GetValues<Compression>())
        {
            PictureFile.Write(folder["a.webp"], picture, PictureFormat.WebP, compression);
            PictureFile.Write(folder["a.png"], picture, PictureFormat.Png, compression);

            Assert.Equal(colours.SelectMany(c => new[] { c.R, c.G, c.B }), PictureFile.Read(folder["a.webp"]).ToRgb());
            Assert.Equal(colours.SelectMany(c => new[] { c.R, c.G, c.B }), ReadPng(File.ReadAllBytes(folder["a.png"]), width, height, channels: 3));
        }
    }

    [Theory]
    [InlineData("XR24")]
    [InlineData("RA24")]
    public void A_jpeg_looks_like_the_picture(string name)
    {
        using var folder = new TemporaryFolder();
        (byte R, byte G, byte B, byte A)[] colours = [.. Enumerable.Range(0, 40 * 24).Select(i => ((byte)(i % 40 * 4), (byte)(i / 40 * 8), (byte)200, (byte)i))];
        var picture = new Picture(Enum.Parse<DrmFormat>(name), 40, 24, TestWords.Write(name, colours));

        PictureFile.Write(folder["a.jpg"], picture);

        byte[] file = File.ReadAllBytes(folder["a.jpg"]);
        Assert.Equal([0xFF, 0xD8, 0xFF], file[..3]);
        Assert.InRange(PictureComparison.Compare(picture, PictureFile.Read(folder["a.jpg"])).MaxDelta, 0, 12);
    }

    [Theory]
    [InlineData("a.jpg")]
    [InlineData("a.webp")]
    public void A_file_cut_short_or_of_another_format_is_refused_by_name(string name)
    {
        using var folder = new TemporaryFolder();
        var picture = new Picture(DrmFormat.XR24, 40, 24, TestWords.Write("XR24", TestWords.Colours(40 * 24, seed: 28)));
        PictureFile.Write(folder[name], picture);
        byte[] file = File.ReadAllBytes(folder[name]);
        foreach (byte[] wrong in new[] { file[..(file.Length / 2)], file[..2], PngFile.Encode(picture) })
        {
            File.WriteAllBytes(folder[name], wrong);
            var e = Assert.Throws<CaptureException>(() => PictureFile.Read(folder[name]));
            Assert.StartsWith($"cannot read {folder[name]}: ", e.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(PictureFormat.Png)]
    [InlineData(PictureFormat.Jpeg)]
    [InlineData(PictureFormat.WebP)]
    public void The_best_compression_makes_a_smaller_file(PictureFormat format)
    {
        using var folder = new TemporaryFolder();
        // As screens are: letters, here of five shapes, on a gradient.
        (byte R, byte G, byte B, byte A)[] colours = [.. Enumerable.Range(0, 64 * 64).Select(i =>
        {
            (int x, int y) = (i % 64, i / 64);
            int letter = (((x / 8) + (y / 8)) % 5) + 3;
            return x * letter % 8 * y % 11 == 3 ? ((byte)0, (byte)0, (byte)0, (byte)0) : ((byte)(x * 3), (byte)(y * 3), (byte)(x + y), (byte)0);
        })];
        var picture = new Picture(DrmFormat.XR24, 64, 64, TestWords.Write("XR24", colours));

        PictureFile.Write(folder["fast"], picture, format, Compression.Fast);
        PictureFile.Write(folder["best"], picture, format, Compression.Best);

        Assert.InRange(new FileInfo(folder["best"]).Length, 1, new FileInfo(folder["fast"]).Length - 1);
    }

    [Fact]
    public void A_picture_that_the_format_cannot_hold_is_one_sentence()
    {
        using var folder = new TemporaryFolder();
        var picture = new Picture(DrmFormat.XR24, FrameLayout.MaxDimension, 1, new byte[FrameLayout.MaxDimension * 4]);
        var e = Assert.Throws<CaptureException>(() => PictureFile.Write(folder["a.webp"], picture));
        Assert.Contains("16384x1 does not fit into a WebP file", e.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(folder["a.webp"]));
    }

    [Fact]
    public void A_ppm_is_its_header_and_rgb()
    {
        (byte R, byte G, byte B, byte A)[] colours = TestWords.Colours(15, seed: 22);
        byte[] ppm = PpmFile.Encode(new Picture(DrmFormat.BX24, 5, 3, TestWords.Write("BX24", colours)));

        Assert.Equal([.. "P6\n5 3\n255\n"u8, .. colours.SelectMany(c => new[] { c.R, c.G, c.B })], ppm);
    }

    [Fact]
    public void A_ppm_with_comments_is_read()
    {
        Picture picture = PpmFile.Decode([.. "P6 # made by hand\n2\t1\n#x\n255 "u8, 1, 2, 3, 4, 5, 6]);
        Assert.Equal([1, 2, 3, 4, 5, 6], picture.ToRgb());
    }

    [Theory]
    [InlineData("P5\n1 1\n255\nabc")]
    [InlineData("P6\n1 1\n65535\nabcdef")]
    [InlineData("P6\n1 1\n255\nab")]
    [InlineData("P6\n0 1\n255\nabc")]
    [InlineData("P6\n99999999999 1\n255\nabc")]
    [InlineData("P6\n-1 1\n255\nabc")]
    [InlineData("P6\n1 1")]
    [InlineData("P6\n1 1\n255")]
    public void A_broken_ppm_is_refused(string text) =>
        Assert.Throws<CaptureException>(() => PpmFile.Decode(Encoding.ASCII.GetBytes(text)));

    [Fact]
    public void A_raw_file_and_its_description_belong_together()
    {
        using var folder = new TemporaryFolder();
        byte[] pixels = TestWords.Write("RX24", TestWords.Colours(15, seed: 23));
        PictureFile.Write(folder["a.raw"], new Picture(DrmFormat.RX24, 5, 3, pixels));

        Assert.Equal(pixels, File.ReadAllBytes(folder["a.raw"]));
        using (JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(folder["a.raw.json"])))
        {
            Assert.Equal(5, json.RootElement.GetProperty("width").GetInt32());
            Assert.Equal(3, json.RootElement.GetProperty("height").GetInt32());
            Assert.Equal(20, json.RootElement.GetProperty("stride").GetInt32());
            Assert.Equal("RX24", json.RootElement.GetProperty("format").GetString());
        }
        Assert.Equal(pixels, PictureFile.Read(folder["a.raw"]).Pixels.ToArray());

        pixels[4] ^= 1;
        File.WriteAllBytes(folder["a.raw"], pixels);
        var e = Assert.Throws<CaptureException>(() => PictureFile.Read(folder["a.raw"]));
        Assert.Contains("does not describe", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("not json")]
    [InlineData("""{"width":-1,"height":3,"format":"RX24","stride":20,"sha256":""}""")]
    public void A_broken_description_is_refused(string json)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["a.raw"], new byte[60]);
        File.WriteAllText(folder["a.raw.json"], json);
        Assert.Throws<CaptureException>(() => PictureFile.Read(folder["a.raw"]));
    }

    [Theory]
    [InlineData("a.png")]
    [InlineData("a.PPM")]
    [InlineData("a.raw")]
    [InlineData("a.WebP")]
    public void A_file_is_written_and_read_by_its_ending(string name)
    {
        using var folder = new TemporaryFolder();
        var picture = new Picture(DrmFormat.XR24, 7, 5, TestWords.Write("XR24", TestWords.Colours(35, seed: 24)));
        File.WriteAllText(folder[name], "older and longer than nothing");

        PictureFile.Write(folder[name], picture);

        Assert.True(PictureComparison.Compare(picture, PictureFile.Read(folder[name])).AreEqual);
        Assert.All(Directory.GetFiles(folder.Path), f => Assert.StartsWith(folder[name], f, StringComparison.Ordinal));
    }

    [Fact]
    public void An_unknown_ending_is_refused_by_name()
    {
        var e = Assert.Throws<CaptureException>(() => PictureFile.Write("/tmp/a.gif", new Picture(DrmFormat.XR24, 1, 1, new byte[4])));
        Assert.Contains(".png, .jpg, .webp, .ppm or .raw", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_folder_is_named_and_nothing_is_left()
    {
        using var folder = new TemporaryFolder();
        var e = Assert.Throws<CaptureException>(() => AtomicFile.Write(folder["no/a.png"], [1]));
        Assert.Contains("its folder does not exist", e.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void A_folder_in_the_files_place_is_named_and_nothing_is_left()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder["a.png"]);
        var e = Assert.Throws<CaptureException>(() => AtomicFile.Write(folder["a.png"], [1]));
        Assert.Contains("it is a folder", e.Message, StringComparison.Ordinal);
        Assert.Single(Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void A_full_disk_is_a_sentence_and_the_device_stays_a_device()
    {
        var e = Assert.Throws<CaptureException>(() => AtomicFile.Write("/dev/full", [1]));
        Assert.Contains("the disk is full", e.Message, StringComparison.Ordinal);
        AtomicFile.Write("/dev/null", [1]);
        Assert.Throws<CaptureException>(() => AtomicFile.Write("/dev/full", [1]));
    }

    [Fact]
    public void A_link_is_followed()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["target"], "old");
        File.CreateSymbolicLink(folder["link"], folder["target"]);

        AtomicFile.Write(folder["link"], "new"u8);

        Assert.Equal("new", File.ReadAllText(folder["target"]));
        Assert.NotNull(new FileInfo(folder["link"]).LinkTarget);
    }

    [Fact]
    public void A_pipe_is_refused_at_once_though_nobody_reads_it()
    {
        using var folder = new TemporaryFolder();
        using (System.Diagnostics.Process made = System.Diagnostics.Process.Start("mkfifo", folder["a.png"]))
        {
            made.WaitForExit();
        }
        var e = Assert.Throws<CaptureException>(() => AtomicFile.Write(folder["a.png"], [1]));
        Assert.Contains("name a file", e.Message, StringComparison.Ordinal);
        Assert.Single(Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void A_link_that_somebody_left_in_a_folder_open_to_all_is_not_followed()
    {
        if (Environment.UserName != "root")
        {
            // Only root can make another user's link.
            return;
        }
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder["tmp"]);
        File.WriteAllText(folder["precious"], "old");
        File.CreateSymbolicLink(folder["tmp/shot.png"], folder["precious"]);
        using (System.Diagnostics.Process changed = System.Diagnostics.Process.Start("/bin/sh", ["-c", $"chmod 1777 {folder["tmp"]}; chown -h 65534 {folder["tmp/shot.png"]}"]))
        {
            changed.WaitForExit();
        }
        var e = Assert.Throws<CaptureException>(() => AtomicFile.Write(folder["tmp/shot.png"], "new"u8));
        Assert.Contains("user 65534", e.Message, StringComparison.Ordinal);
        Assert.Equal("old", File.ReadAllText(folder["precious"]));
    }

    [Theory]
    [InlineData(0x43ff, 0u, 1000u, false)]
    [InlineData(0x43ff, 1000u, 1000u, true)]
    [InlineData(0x41ff, 0u, 1000u, true)]
    [InlineData(0x43ed, 0u, 1000u, true)]
    public void Links_are_followed_by_the_kernels_rule(uint folderMode, uint folderOwner, uint linkOwner, bool follow)
    {
        var folder = new FileStatus { Mode = folderMode, UserId = folderOwner };
        Assert.Equal(follow, AtomicFile.MayFollow(new FileStatus { Mode = LibC.S_IFLNK | 0x1ff, UserId = linkOwner }, folder));
    }

    [Fact]
    public void Links_that_lead_in_a_circle_are_refused()
    {
        using var folder = new TemporaryFolder();
        File.CreateSymbolicLink(folder["a.png"], folder["b.png"]);
        File.CreateSymbolicLink(folder["b.png"], folder["a.png"]);
        Assert.Contains("leads in a circle", Assert.Throws<CaptureException>(() => AtomicFile.Write(folder["a.png"], [1])).Message, StringComparison.Ordinal);
    }

    /// <summary>A PNG reader of its own (PNG specification, sections 5 and 9): 8 bits, no interlace.</summary>
    private static byte[] ReadPng(byte[] file, int width, int height, int channels)
    {
        Assert.Equal([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A], file[..8]);
        using var packed = new MemoryStream();
        for (int at = 8; at < file.Length;)
        {
            int length = BinaryPrimitives.ReadInt32BigEndian(file.AsSpan(at));
            string type = Encoding.ASCII.GetString(file, at + 4, 4);
            ReadOnlySpan<byte> data = file.AsSpan(at + 8, length);
            if (type == "IHDR")
            {
                Assert.Equal(width, BinaryPrimitives.ReadInt32BigEndian(data));
                Assert.Equal(height, BinaryPrimitives.ReadInt32BigEndian(data[4..]));
                Assert.Equal([8, (byte)(channels == 3 ? 2 : 6), 0, 0, 0], data[8..].ToArray());
            }
            else if (type == "IDAT")
            {
                packed.Write(data);
            }
            at += length + 12;
        }
        packed.Position = 0;
        using var inflate = new ZLibStream(packed, CompressionMode.Decompress);
        byte[] result = new byte[width * height * channels];
        byte[] above = new byte[width * channels];
        for (int y = 0; y < height; y++)
        {
            int filter = inflate.ReadByte();
            byte[] row = new byte[width * channels];
            inflate.ReadExactly(row);
            for (int i = 0; i < row.Length; i++)
            {
                int left = i >= channels ? row[i - channels] : 0;
                int corner = i >= channels ? above[i - channels] : 0;
                row[i] += (byte)(filter switch { 0 => 0, 1 => left, 2 => above[i], 3 => (left + above[i]) / 2, _ => Paeth(left, above[i], corner) });
            }
            row.CopyTo(result, y * row.Length);
            above = row;
        }
        return result;

        static int Paeth(int a, int b, int c)
        {
            int p = a + b - c;
            int pa = Math.Abs(p - a), pb = Math.Abs(p - b), pc = Math.Abs(p - c);
            return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
        }
    }

    /// <summary>A PNG writer of its own: no filter.</summary>
    private static byte[] WritePng(byte[] pixels, int width, int height, int channels)
    {
        using var packed = new MemoryStream();
        using (var deflate = new ZLibStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            int row = width * channels;
            for (int y = 0; y < height && (y + 1) * row <= pixels.Length; y++)
            {
                deflate.WriteByte(0);
                deflate.Write(pixels, y * row, row);
            }
        }
        byte[] header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        header[8] = 8;
        header[9] = (byte)(channels == 3 ? 2 : 6);
        return [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, .. Chunk("IHDR", header), .. Chunk("IDAT", packed.ToArray()), .. Chunk("IEND", [])];
    }

    private static byte[] Chunk(string type, byte[] data)
    {
        byte[] body = [.. Encoding.ASCII.GetBytes(type), .. data];
        uint crc = uint.MaxValue;
        foreach (byte b in body)
        {
            crc ^= b;
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (crc & 1) != 0 ? (crc >> 1) ^ 0xEDB88320 : crc >> 1;
            }
        }
        byte[] chunk = new byte[data.Length + 12];
        BinaryPrimitives.WriteInt32BigEndian(chunk, data.Length);
        body.CopyTo(chunk, 4);
        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(chunk.Length - 4), ~crc);
        return chunk;
    }
}
