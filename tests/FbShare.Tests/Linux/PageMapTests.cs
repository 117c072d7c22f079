using FbShare.Linux;
using FbShare.Rig.Driver;
using Xunit;

namespace FbShare.Tests.Linux;

public class PageMapTests
{
    private const int Page = 4096;

    [Fact]
    public unsafe void Entries_and_the_kernel_s_own_look_agree_on_which_pages_are_there()
    {
        using FileDescriptor memfd = MemFd.Create("test-pages", 1000 * Page);
        using MemoryMapping mapping = MemoryMapping.Map(memfd, 0, 1000 * Page, writable: true);
        var pages = new PageMap();
        long first = (nint)mapping.Pointer / Page;
        mapping.Slice(0, 700 * Page).Fill(1);
        memfd.PunchHole(300 * Page, 2 * Page);

        bool[] present = [.. Read(0, 512), .. Read(512, 488)];

        Assert.All(Enumerable.Range(0, 1000), i => Assert.Equal(i is < 300 or (>= 302 and < 700), present[i]));
        Assert.Equal(512, pages.Read(first, 1000).Length);
        if (pages.CanScan)
        {
            Assert.True(pages.Scan((nint)mapping.Pointer, 300 * Page));
            Assert.True(pages.Scan((nint)mapping.Pointer + (302 * Page), 398 * Page));
            Assert.False(pages.Scan((nint)mapping.Pointer, 301 * Page));
            Assert.False(pages.Scan((nint)mapping.Pointer + (301 * Page), 100 * Page));
            Assert.False(pages.Scan((nint)mapping.Pointer + (699 * Page), 2 * Page));
        }

        bool[] Read(int start, int count) => [.. pages.Read(first + start, count).ToArray().Select(PageMap.IsPresent)];
    }
}
