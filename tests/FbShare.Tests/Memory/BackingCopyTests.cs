using FbShare.Linux;
using FbShare.Memory;
using FbShare.Pictures;

namespace FbShare.Tests.Memory;

/// <summary>Rows gathered out of scattered guest memory, against the same put together byte by byte.</summary>
public class BackingCopyTests
{
    private const int Page = 4096;
    private const byte Untouched = 0xA5;

    public static TheoryData<string, int, int, int, int, int> Pictures => new()
    {
        // How memory is cut, offset, stride, bytes in a row, rows, destination's stride.
        { "pages apart", 0, 7680, 7680, 1080, 7680 },
        { "pages apart", 3 * 7680, 7680, 7680, 555, 7680 },
        { "pages apart", 52, 5464, 5464, 768, 5464 },
        { "pages apart", 400, 7680, 3840, 700, 7680 },
        { "pages apart", 400, 7680, 3840, 700, 3840 },
        { "pages apart", 4, 132, 120, 20, 124 },
        { "one piece", 0, 7680, 7680, 1080, 7680 },
        { "one piece", 36, 40_000, 39_996, 100, 39_996 },
        { "runs of pages", 0, 15360, 15360, 400, 15360 },
        { "runs of pages", 8 * 4096, 15360, 15360, 301, 15360 },
        { "odd pieces", 0, 7680, 7680, 1080, 7680 },
        { "odd pieces", 1234, 33_000, 32_996, 200, 33_100 },
    };

    [Theory]
    [MemberData(nameof(Pictures))]
    public void Rows_are_what_the_guest_has_there_and_nothing_else_is_written(string cut, int offset, int stride, int rowBytes, int rows, int destinationStride)
    {
        const int size = 32 << 20;
        using var guest = new TestPages(size);
        var random = new Random(7);
        var content = new byte[size];
        random.NextBytes(content);
        using (MemoryMapping file = MemoryMapping.Map(guest.File, 0, size, writable: true))
        {
            content.CopyTo(file.Slice(0, size));
        }
        (ulong Offset, uint Length)[] entries = [.. Cut(cut, random)];
        using Backing backing = guest.Make(entries);
        byte[] linear = [.. entries.SelectMany(e => content.AsSpan((int)e.Offset, (int)e.Length).ToArray())];
        var destination = new byte[((rows - 1) * destinationStride) + rowBytes + 100];
        Array.Fill(destination, Untouched);
        byte[] expected = (byte[])destination.Clone();
        for (int row = 0; row < rows; row++)
        {
            Array.Copy(linear, offset + (row * stride), expected, row * destinationStride, rowBytes);
        }

        backing.CopyRows(offset, stride, rowBytes, rows, destination, destinationStride);

        Assert.Equal(-1, FirstDifference(expected, destination));
    }

    [Theory]
    [MemberData(nameof(Pictures))]
    public void Over_an_earlier_copy_only_what_differs_is_told_of(string cut, int offset, int stride, int rowBytes, int rows, int destinationStride)
    {
        const int size = 32 << 20;
        using var guest = new TestPages(size);
        var random = new Random(11);
        (ulong Offset, uint Length)[] entries = [.. Cut(cut, random)];
        using Backing backing = guest.Make(entries);
        using MemoryMapping file = MemoryMapping.Map(guest.File, 0, size, writable: true);
        random.NextBytes(file.Slice(0, size));
        var copy = new byte[((rows - 1) * destinationStride) + rowBytes];
        var changed = new ChangedArea();
        backing.CopyRows(offset, stride, rowBytes, rows, copy, destinationStride);

        for (int round = 0; round < 20; round++)
        {
            // A few pixels change, at least one of them in the picture.
            int touched = round == 0 ? 0 : random.Next(1, 4);
            var pixels = new List<(int X, int Y)>();
            for (int i = 0; i < touched; i++)
            {
                (int x, int y) = (random.Next(rowBytes / 4), random.Next(rows));
                file.Slice(FileOffset(entries, offset + ((long)y * stride) + (x * 4) + random.Next(4)), 1)[0] ^= 0x10;
                pixels.Add((x, y));
            }
            changed.Start(destinationStride);

            backing.UpdateRows(offset, stride, rowBytes, rows, copy, destinationStride, 0, changed);

            byte[] expected = (byte[])copy.Clone();
            backing.CopyRows(offset, stride, rowBytes, rows, expected, destinationStride);
            Assert.Equal(-1, FirstDifference(expected, copy));
            var told = new Region();
            changed.AddTo(told, new Rect(0, 0, rowBytes / 4, rows));
            Assert.Equal(touched == 0, told.IsEmpty);
            Assert.All(pixels, pixel => Assert.Contains(told.Rects.ToArray(), rect => rect.Contains(new Rect(pixel.X, pixel.Y, 1, 1))));
            // Not much more than a band of rows for each.
            Assert.InRange(told.Rects.ToArray().Sum(r => (long)r.Width * r.Height), 0, touched * ((64L * rowBytes / 4) + 8192));
        }
    }

    [Fact]
    public void Changes_far_apart_are_told_of_as_rectangles_with_little_between_them()
    {
        const int Width = 1000;
        var changed = new ChangedArea();
        changed.Start(Width * 4);
        Assert.Empty(Rects());
        // A clock at the top, and a bar from there to the bottom.
        changed.Add(((10 * Width) + 100) * 4, 40);
        for (int y = 0; y < 800; y++)
        {
            changed.Add(((y * Width) + 900) * 4, 64 * 4);
        }
        Assert.Equal([new Rect(100, 0, 864, 16), new Rect(900, 16, 64, 784)], Rects());

        // From one row into the next.
        changed.Start(Width * 4);
        changed.Add(((40 * Width) + 998) * 4, 20);
        Assert.Equal([new Rect(0, 32, 1000, 16)], Rects());

        List<Rect> Rects()
        {
            var region = new Region();
            changed.AddTo(region, new Rect(0, 0, Width, 800));
            return [.. region.Rects];
        }
    }

    private static long FileOffset((ulong Offset, uint Length)[] entries, long linear)
    {
        foreach ((ulong start, uint length) in entries)
        {
            if (linear < length)
            {
                return (long)start + linear;
            }
            linear -= length;
        }
        throw new ArgumentOutOfRangeException(nameof(linear));
    }

    /// <summary>Ten megabytes of the guest's file.</summary>
    private static IEnumerable<(ulong Offset, uint Length)> Cut(string how, Random random)
    {
        const int total = 10 << 20;
        switch (how)
        {
            case "one piece":
                yield return (Page, total);
                break;
            case "pages apart":
                for (int i = 0; i < total / Page; i++)
                {
                    yield return ((ulong)(i ^ 3) * 2 * Page, Page);
                }
                break;
            case "runs of pages":
                for (int done = 0, at = 0; done < total;)
                {
                    int length = Page * random.Next(1, 9);
                    yield return ((ulong)at, (uint)length);
                    done += length;
                    at += length + Page;
                }
                break;
            default:
                for (int done = 0, at = 4; done < total;)
                {
                    int length = 4 * random.Next(1, 9000);
                    yield return ((ulong)at, (uint)length);
                    done += length;
                    at += length + 12;
                }
                break;
        }
    }

    private static int FirstDifference(ReadOnlySpan<byte> one, ReadOnlySpan<byte> other)
    {
        int same = one.CommonPrefixLength(other);
        return same == one.Length ? -1 : same;
    }
}
