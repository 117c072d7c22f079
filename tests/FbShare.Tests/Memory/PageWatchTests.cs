using FbShare.Linux;
using FbShare.Memory;
using FbShare.Rig.Driver;
using Xunit;

namespace FbShare.Tests.Memory;

public class PageWatchTests
{
    private const int Page = 4096;
    private const int Pages = 600;

    private readonly FileDescriptor _memfd = MemFd.Create("test-watch", Pages * Page);

    [Fact]
    public void Writes_through_mappings_are_no_alarm()
    {
        using MemoryMapping guest = MemoryMapping.Map(_memfd, 0, Pages * Page, writable: true);
        using var watch = new PageWatch([new(_memfd, 0, Pages * Page)]);

        for (int round = 0; round < 100; round++)
        {
            guest.Slice(0, Pages * Page).Fill((byte)round);
            Assert.True(watch.IsIntact());
        }
    }

    [Fact]
    public void A_hole_beside_the_watched_pages_is_no_alarm()
    {
        using var watch = new PageWatch([new(_memfd, 0, 10 * Page), new(_memfd, 20 * Page, 10 * Page)]);

        _memfd.PunchHole(10 * Page, 10 * Page);
        _memfd.PunchHole(30 * Page, 100 * Page);

        Assert.True(watch.IsIntact());
    }

    [Theory]
    [InlineData(false, true, 1)]
    [InlineData(true, true, 1)]
    [InlineData(true, true, 2)]
    [InlineData(true, false, 1)]
    [InlineData(true, false, 2)]
    public void A_page_replaced_anywhere_is_found_before_and_after_the_guest_writes(bool written, bool mayScan, int apart)
    {
        using MemoryMapping guest = MemoryMapping.Map(_memfd, 0, Pages * Page, writable: true);
        var random = new Random(5);
        for (int round = 0; round < 100; round++)
        {
            // In a random order, as a guest's pages lie.
            FileRange[] ranges = [.. Enumerable.Range(0, Pages / apart).OrderBy(_ => random.Next()).Select(i => new FileRange(_memfd, i * apart * Page, Page))];
            using var watch = new PageWatch(ranges, mayScan);
            Assert.True(watch.IsIntact());
            int page = random.Next(Pages / apart) * apart;

            _memfd.PunchHole(page * Page, Page);
            if (written)
            {
                guest.Slice(page * Page, Page).Fill(1);
            }

            Assert.False(watch.IsIntact());
            Assert.False(watch.IsIntact());
        }
    }

    [Fact]
    public void A_second_hole_within_the_clock_tick_of_the_first_is_found()
    {
        using var watch = new PageWatch([new(_memfd, 0, 100 * Page)]);

        // Beside the pages first, so that the file's time is this very moment and has been looked at.
        _memfd.PunchHole(300 * Page, Page);
        Assert.True(watch.IsIntact());
        _memfd.PunchHole(50 * Page, Page);

        Assert.False(watch.IsIntact());
    }

    [Fact]
    public void Pages_of_two_files_are_watched()
    {
        using FileDescriptor other = MemFd.Create("test-other", 8 * Page);
        using var watch = new PageWatch([new(_memfd, 0, Page), new(other, 0, 8 * Page)]);
        Assert.True(watch.IsIntact());

        other.PunchHole(7 * Page, Page);

        Assert.False(watch.IsIntact());
    }

    /// <summary>Three runs of huge pages are looked at every time; a run of many pages only where the kernel looks through it by itself.</summary>
    [NeedsHugePagesTheory(10)]
    [InlineData(true, 1)]
    [InlineData(false, 2)]
    public void A_huge_page_that_went_and_came_between_two_looks_is_found(bool mayScan, int looks)
    {
        const int Huge = 2 << 20;
        using FileDescriptor file = MemFd.Create("test-huge", 10 * Huge, hugetlb: true);
        using MemoryMapping guest = MemoryMapping.Map(file, 0, 10 * Huge, writable: true);
        // Pages 0 and 1, 3 to 5, and 8; but a part of each.
        FileRange[] ranges = [new(file, Page, Huge), new(file, (8 * Huge) + Page, Page), new(file, (4 * Huge) - Page, Huge + (2 * Page))];
        foreach (int page in (int[])[0, 1, 3, 4, 5, 8])
        {
            using var watch = new PageWatch(ranges, mayScan);
            Replace(2);
            Replace(7);
            Assert.All(Enumerable.Range(0, 10), _ => Assert.True(watch.IsIntact()));

            Replace(page);

            Assert.Contains(false, Enumerable.Range(0, looks).Select(_ => watch.IsIntact()));
        }

        void Replace(int page)
        {
            guest.Slice(page * Huge, 1).Fill(1);
            file.PunchHole(page * Huge, Huge);
            guest.Slice(page * Huge, 1).Fill(2);
        }
    }
}
