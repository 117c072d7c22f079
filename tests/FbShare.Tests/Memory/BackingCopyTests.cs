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
        backing.CopyRows(offset, stride, rowBytes, rows, copy, destinationStride);

        for (int round = 0; round < 20; round++)
        {
            // A few pixels change, at least one of them in the picture.
            int touched = round == 0 ? 0 : random.Next(1, 4);
            (int left, int top, int right, int bottom) = (int.MaxValue, int.MaxValue, 0, 0);
            for (int i = 0; i < touched; i++)
            {
                (int x, int y) = (random.Next(rowBytes / 4), random.Next(rows));
                file.Slice(FileOffset(entries, offset + ((long)y * stride) + (x * 4) + random.Next(4)), 1)[0] ^= 0x10;
                (left, top, right, bottom) = (Math.Min(left, x), Math.Min(top, y), Math.Max(right, x + 1), Math.Max(bottom, y + 1));
            }
            var changed = new ChangedArea(destinationStride);

            backing.UpdateRows(offset, stride, rowBytes, rows, copy, destinationStride, 0, ref changed);

            byte[] expected = (byte[])copy.Clone();
            backing.CopyRows(offset, stride, rowBytes, rows, expected, destinationStride);
            Assert.Equal(-1, FirstDifference(expected, copy));
            if (touched == 0)
            {
                Assert.True(changed.Area.IsEmpty);
                continue;
            }
            Assert.True(changed.Area.Contains(new Rect(left, top, right - left, bottom - top)), $"{changed.Area} for {left},{top} to {right},{bottom}");
            // A block begins in the row before at the most, or ends in the one after.
            Assert.InRange(changed.Area.Height, bottom - top, bottom - top + (2 * ((ComparingCopy.BlockBytes / rowBytes) + 1)));
            if (rowBytes < destinationStride || rowBytes < stride)
            {
                Assert.InRange(changed.Area.Width, right - left, right - left + (2 * ComparingCopy.BlockBytes / 4));
            }
        }
    }

    [Fact]
    public void A_changed_area_goes_from_edge_to_edge_where_a_block_goes_on_in_the_next_row()
    {
        var changed = new ChangedArea(400);
        Assert.True(changed.Area.IsEmpty);
        changed.Add((3 * 400) + 40, 8);
        Assert.Equal(new Rect(10, 3, 2, 1), changed.Area);
        changed.Add((5 * 400) + 4, 4);
        Assert.Equal(new Rect(1, 3, 11, 3), changed.Area);
        changed.Add((6 * 400) + 396, 8);
        Assert.Equal(new Rect(0, 3, 100, 5), changed.Area);
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
