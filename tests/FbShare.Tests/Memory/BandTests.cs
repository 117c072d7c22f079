using FbShare.Linux;
using FbShare.Memory;
using FbShare.Pictures;
using Xunit;

namespace FbShare.Tests.Memory;

public class BandTests
{
    private const int Page = 4096;

    [Fact]
    public void A_picture_within_the_limits_is_one_band()
    {
        using var pages = new TestPages(1 << 20);
        (ulong, uint)[] entries = [(8 * Page, 4 * Page), (100 * Page, Page), (2 * Page, 3 * Page)];

        Band band = Assert.Single(Cut(pages, entries, Rows(0, 2560, 2560, 12), new(1024, 64 << 20)));

        Assert.Equal((0, 12, 0, 8L * Page), (band.Y, band.Height, band.Offset, band.Length));
        Assert.Equal([(8L * Page, 4L * Page), (100L * Page, Page), (2L * Page, 3L * Page)], band.Ranges.Select(r => (r.Offset, r.Length)));
    }

    [Fact]
    public void Pages_that_meet_across_regions_of_one_file_are_one_range()
    {
        using var pages = new TestPages(1 << 20);
        ulong half = (ulong)pages.Half;

        Band band = Assert.Single(Cut(pages, [(half - Page, Page), (half, Page)], Rows(0, 1024, 1024, 8), new(1, 64 << 20)));

        Assert.Equal((pages.Half - Page, 2 * Page), Assert.Single(band.Ranges.Select(r => (r.Offset, r.Length))));
    }

    [Fact]
    public void Pages_that_meet_in_number_but_lie_in_two_files_are_two_ranges()
    {
        using var pages = new TestPages(1 << 20);

        Band band = Assert.Single(Cut(pages, [(0, Page), (TestPages.OtherAddress + Page, Page)], Rows(0, 1024, 1024, 8), new(8, 64 << 20)));

        Assert.Equal(2, band.Ranges.Length);
    }

    [Fact]
    public void A_4K_picture_in_8100_single_pages_is_eight_bands_of_whole_rows()
    {
        using var pages = new TestPages(128L << 20);
        (ulong, uint)[] entries = [.. Enumerable.Range(0, 8100).Select(i => ((ulong)(2 * i * Page), (uint)Page))];
        var rows = Rows(0, 3840 * 4, 3840 * 4, 2160);

        Band[] bands = Cut(pages, entries, rows, UdmaBufLimits.Default);

        // 1024 pages hold 273 rows of 15,360 bytes and a bit.
        Assert.Equal(8, bands.Length);
        Assert.Equal(273, bands[0].Height);
        AssertSameBytes(bands, pages, entries, rows, step: 1021);
    }

    [Fact]
    public void An_8K_picture_is_cut_by_size_alone()
    {
        using var pages = new TestPages(300L << 20);
        (ulong, uint)[] entries = [(Page, 7680 * 4 * 4320)];
        var rows = Rows(0, 7680 * 4, 7680 * 4, 4320);

        Band[] bands = Cut(pages, entries, rows, UdmaBufLimits.Default);

        // 64 MiB hold 2184 rows of 30,720 bytes.
        Assert.Equal([2184, 2136], bands.Select(b => b.Height));
        Assert.All(bands, b => Assert.InRange(b.Length, 1, 64 << 20));
        AssertSameBytes(bands, pages, entries, rows, step: 4093);
    }

    [Fact]
    public void A_row_that_alone_breaks_a_limit_cannot_be_cut()
    {
        using var pages = new TestPages(1 << 20);
        (ulong, uint)[] entries = [.. Enumerable.Range(0, 8).Select(i => ((ulong)(2 * i * Page), (uint)Page))];

        Assert.Equal("row 0 of the picture alone needs more than list_limit 2 allows; echo 5 | sudo tee /sys/module/udmabuf/parameters/list_limit",
            Refuse(pages, entries, Rows(0, 3 * Page, 3 * Page, 2), new(2, 1 << 20)));
        Assert.StartsWith("row 0 of the picture alone needs more than list_limit 0 allows", Refuse(pages, entries, Rows(0, Page, Page, 2), new(0, 1 << 20)), StringComparison.Ordinal);
        Assert.StartsWith("row 0 of the picture alone needs more than size_limit_mb 0 allows; echo 2",
            Refuse(pages, [(0, 1 << 18)], Rows(0, 1 << 17, 1024, 2), new(16, 1 << 16)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(100)]
    [InlineData(Page - 1)]
    public void A_range_that_begins_or_ends_within_a_page_cannot_be_cut(uint odd)
    {
        using var pages = new TestPages(1 << 20);

        Assert.Contains("inside a page", Refuse(pages, [(0, Page), ((8 * Page) + odd, Page)], Rows(0, 1024, 1024, 8), new(16, 1 << 20)), StringComparison.Ordinal);
        Assert.Contains("inside a page", Refuse(pages, [(0, odd), (8 * Page, 2 * Page)], Rows(0, 1024, 1024, 8), new(16, 1 << 20)), StringComparison.Ordinal);
    }

    [Fact]
    public void Odd_ranges_outside_the_picture_do_not_matter()
    {
        using var pages = new TestPages(1 << 20);
        (ulong, uint)[] entries = [(100, 50), (8 * Page, 2 * Page), (20 * Page, 77), (30 * Page, Page)];
        var rows = Rows(50, 1024, 1000, 8);

        Band[] bands = Cut(pages, entries, rows, new(16, 1 << 20));

        AssertSameBytes(bands, pages, entries, rows, step: 1);
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Every_pixel_of_every_band_is_the_layouts_own_byte_and_the_bands_are_the_fewest(int seed)
    {
        var random = new Random(seed);
        using var pages = new TestPages(4 << 20);
        int width = random.Next(1, 700);
        int stride = (width * 4) + (random.Next(3) * random.Next(0, 2000));
        int height = random.Next(1, 150);
        int offset = random.Next(2) * random.Next(0, 10000);
        (ulong, uint)[] entries = RandomEntries(random, offset + ((height - 1) * stride) + (width * 4));
        var rows = Rows(offset, stride, width * 4, height);
        var limits = new UdmaBufLimits(random.Next(4, 40), random.Next(4, 64) * Page);

        Band[] bands = Cut(pages, entries, rows, limits);

        AssertSameBytes(bands, pages, entries, rows, step: 1);
        Assert.All(bands, b => Assert.InRange(b.Ranges.Length, 1, limits.ListLimit));
        Assert.All(bands, b => Assert.InRange(b.Length, 1, limits.SizeLimit));
        // The fewest: no band could have taken the next one's first row.
        using Backing backing = pages.Make(entries);
        foreach ((Band band, Band next) in bands.Zip(bands.Skip(1)))
        {
            var more = Rows(offset + ((long)band.Y * stride), stride, width * 4, band.Height + 1);
            Assert.True(CountPages(entries, more, Math.Min(more.Offset + ((long)more.Height * stride), backing.Length)) is var (ranges, count)
                && (ranges > limits.ListLimit || count * Page > limits.SizeLimit), $"rows {band.Y} to {next.Y} fit one band");
        }
    }

    public static TheoryData<int> Seeds() => [.. Enumerable.Range(1, 60)];

    private static FrameLayout Rows(long offset, int stride, int rowBytes, int count)
    {
        Assert.True(FrameLayout.TryCreate(DrmFormat.XR24, (uint)rowBytes / 4, (uint)count, (uint)stride, (ulong)offset, long.MaxValue, out FrameLayout rows, out string? why), why);
        return rows;
    }

    private static Band[] Cut(TestPages pages, (ulong, uint)[] entries, FrameLayout rows, UdmaBufLimits limits)
    {
        using Backing backing = pages.Make(entries);
        Assert.True(Band.TryCut(backing, rows, limits, out Band[]? bands, out string? why, out _), why);
        return bands;
    }

    private static string Refuse(TestPages pages, (ulong, uint)[] entries, FrameLayout rows, UdmaBufLimits limits)
    {
        using Backing backing = pages.Make(entries);
        Assert.False(Band.TryCut(backing, rows, limits, out _, out string? why, out string? cure));
        return $"{why}; {cure}";
    }

    private static (ulong, uint)[] RandomEntries(Random random, int bytes)
    {
        var entries = new List<(ulong, uint)>();
        int total = 0;
        while (total < bytes)
        {
            int count = random.Next(1, random.Next(2) == 0 ? 3 : 40);
            // Repeated and overlapping pages are as good as others; some lie in the other file.
            ulong file = random.Next(5) == 0 ? TestPages.OtherAddress : 0;
            entries.Add((file + ((ulong)random.Next(0, 400) * Page), (uint)(count * Page)));
            total += count * Page;
        }
        return [.. entries];
    }

    /// <summary>Walks every <paramref name="step"/>th byte of every row by the guest's list and by the bands, and compares.</summary>
    private static void AssertSameBytes(Band[] bands, TestPages pages, (ulong Offset, uint Length)[] entries, FrameLayout rows, int step)
    {
        int row = 0;
        foreach (Band band in bands)
        {
            Assert.Equal(row, band.Y);
            Assert.All(band.Ranges, r => Assert.Equal(0, (r.Offset | r.Length) % Page));
            Assert.Equal(band.Length, band.Ranges.Sum(r => r.Length));
            Assert.InRange(band.Offset, 0, Page - 1);
            (ulong, uint)[] asEntries = [.. band.Ranges.Select(r => ((ulong)r.Offset + (IsOther(r.File, pages) ? TestPages.OtherAddress : 0), (uint)r.Length))];
            var expected = new Walker(entries);
            var actual = new Walker(asEntries);
            for (int i = 0; i < band.Height; i++, row++)
            {
                for (int x = 0; x < rows.RowBytes; x += step)
                {
                    ulong should = expected.At(rows.Offset + ((long)row * rows.Stride) + x);
                    if (should != actual.At(band.Offset + ((long)i * rows.Stride) + x))
                    {
                        Assert.Fail($"row {row} byte {x} is elsewhere");
                    }
                }
            }
        }
        Assert.Equal(rows.Height, row);
    }

    private static bool IsOther(FileDescriptor file, TestPages pages) => file.GetStatus().Inode == pages.Other.GetStatus().Inode;

    /// <summary>How many ranges and pages a span of the resource takes, page by page.</summary>
    private static (int Ranges, int Pages) CountPages((ulong Offset, uint Length)[] entries, FrameLayout rows, long end)
    {
        int ranges = 0;
        int count = 0;
        ulong last = ulong.MaxValue;
        var walker = new Walker(entries);
        for (long at = rows.Offset; at < end;)
        {
            ulong page = walker.At(at) / Page;
            ranges += page == last + 1 ? 0 : 1;
            count++;
            last = page;
            at += Page - (long)(walker.At(at) % Page);
        }
        return (ranges, count);
    }

    /// <summary>Finds bytes in a list, one entry after the other; places asked for only grow.</summary>
    private sealed class Walker((ulong Offset, uint Length)[] entries)
    {
        private int _index;
        private long _start;

        public ulong At(long place)
        {
            while (place >= _start + entries[_index].Length)
            {
                _start += entries[_index++].Length;
            }
            return entries[_index].Offset + (ulong)(place - _start);
        }
    }
}
