using FbShare.Linux;
using FbShare.Memory;

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
