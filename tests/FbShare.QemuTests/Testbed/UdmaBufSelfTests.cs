using FbShare.Cli.Qemu;
using FbShare.Linux;
using Xunit;

namespace FbShare.QemuTests.Testbed;

/// <summary>The kernel's own test of udmabuf (tools/testing/selftests/drivers/dma-buf/udmabuf.c) through our code, and the refusals that it has none for.</summary>
[Collection(TestbedCollection.Name)]
[Trait("Category", "Testbed")]
[Trait("Category", "Kernel")]
public sealed class UdmaBufSelfTests
{
    private const int Page = GuestPages.Page;
    private const int Pages = 1024;

    [TestbedFact]
    public void An_offset_within_a_page_is_refused() => AssertRefused(f => [new(f, Page / 2, Page)], "do not start and end at page boundaries");

    [TestbedFact]
    public void A_size_that_is_no_whole_page_is_refused() => AssertRefused(f => [new(f, 0, Page / 2)], "do not start and end at page boundaries");

    [TestbedFact]
    public void Nothing_at_all_is_refused() => AssertRefused(_ => [], "at least one page");

    [TestbedFact]
    public void An_end_after_the_file_is_refused() => AssertRefused(f => [new(f, (Pages - 1) * Page, 2 * Page)], "not inside the file");

    [TestbedFact]
    public void More_ranges_than_list_limit_are_refused() =>
        AssertRefused(f => [.. Enumerable.Repeat(new FileRange(f, 0, Page), 1025)], "1025 ranges are more than list_limit 1024");

    [TestbedFact(TestbedNeeds.Kernel)]
    public void More_bytes_than_size_limit_are_refused()
    {
        // The default was 64 MiB; newer kernels have none to speak of.
        using var setting = KernelSetting.OfUdmabuf("size_limit_mb", 64);
        AssertRefused(f => [.. Enumerable.Repeat(new FileRange(f, 0, Pages * Page), 16), new(f, 0, Page)], "more than size_limit_mb 64");
    }

    [TestbedFact]
    public void A_memfd_without_the_seal_is_refused() => AssertRefused(f => [new(f, 0, Page)], "F_SEAL_SHRINK", MemFdSeals.Grow);

    [TestbedFact]
    public void A_memfd_sealed_against_writes_is_refused() => AssertRefused(f => [new(f, 0, Page)], "F_SEAL_WRITE", MemFdSeals.Shrink | MemFdSeals.Write);

    [TestbedFact]
    public void What_is_no_memfd_is_refused()
    {
        using UdmaBufDevice device = UdmaBufDevice.Open();
        using FileDescriptor zero = FileDescriptor.Open("/dev/zero", writable: true);

        var e = Assert.Throws<UdmaBufException>(() => device.Create([new(zero, 0, Page)]));

        Assert.Equal(Errno.EBADFD, e.Errno);
        Assert.Contains("memory-backend-memfd", e.Cure, StringComparison.Ordinal);
    }

    [TestbedTheory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    public void Pages_show_what_is_written_to_the_memfd_shmem(bool list, bool early) => AssertSamePages(hugetlb: false, list, early);

    [TestbedTheory(TestbedNeeds.HugePages)]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public void Pages_show_what_is_written_to_the_memfd_hugetlb(bool list, bool early) => AssertSamePages(hugetlb: true, list, early);

    [TestbedFact]
    public void A_list_shows_what_is_written_to_the_memfd() => AssertSamePages(hugetlb: false, list: true, early: false);

    [TestbedFact]
    public void A_dma_buf_has_its_name_and_its_size()
    {
        using UdmaBufDevice device = UdmaBufDevice.Open();
        using FileDescriptor memfd = MemFd.Create("test", Pages * Page);
        using FileDescriptor dmaBuf = device.Create([new(memfd, 0, 3 * Page)]);

        DmaBuf.SetName(dmaBuf, "fbshare:15:4294967295");

        Assert.Equal(3 * Page, DmaBuf.GetSize(dmaBuf));
        Assert.Contains("fbshare:15:4294967295", File.ReadAllText($"/proc/self/fdinfo/{dmaBuf.Number}"), StringComparison.Ordinal);
    }

    [TestbedFact]
    public void Whoever_has_a_dma_buf_can_write_the_guest_s_pages_and_nobody_can_open_it_again()
    {
        // SECURITY.md says so: the kernel makes them O_RDWR, for there is no flag for another mode.
        using UdmaBufDevice device = UdmaBufDevice.Open();
        using FileDescriptor memfd = MemFd.Create("test", Pages * Page, seals: MemFdSeals.Shrink);
        using MemoryMapping guest = MemoryMapping.Map(memfd, 0, Page, writable: true);
        using FileDescriptor dmaBuf = device.Create([new(memfd, 0, Page)]);

        using (MemoryMapping written = MemoryMapping.Map(dmaBuf, 0, Page, writable: true))
        {
            written.Slice(0, 1)[0] = 7;
        }

        Assert.Equal(7, guest.Slice(0, 1)[0]);
        foreach (bool writable in (ReadOnlySpan<bool>)[false, true])
        {
            Assert.Equal(Errno.ENXIO, Assert.Throws<LinuxException>(() => FileDescriptor.Open($"/proc/self/fd/{dmaBuf.Number}", writable)).Errno);
        }
    }

    [TestbedFact]
    public void A_memfd_that_is_sealed_against_writes_to_come_makes_no_dma_buf_either() =>
        AssertRefused(f => [new(f, 0, Page)], "F_SEAL_WRITE", MemFdSeals.Shrink | MemFdSeals.FutureWrite);

    private static void AssertRefused(Func<FileDescriptor, FileRange[]> ranges, string reason, MemFdSeals seals = MemFdSeals.Shrink)
    {
        using UdmaBufDevice device = UdmaBufDevice.Open();
        using FileDescriptor memfd = MemFd.Create("test", Pages * Page, seals: seals);

        var e = Assert.Throws<UdmaBufException>(() => device.Create(ranges(memfd)));

        Assert.Equal(Errno.EINVAL, e.Errno);
        Assert.Contains(reason, e.Reason, StringComparison.Ordinal);
    }

    /// <summary>As the selftest: every page of the udmabuf against the page of the memfd that it should be, after a write through the memfd.</summary>
    /// <param name="list">Four ranges of four pages; else one range.</param>
    /// <param name="early">Made before the memfd has any page.</param>
    private static void AssertSamePages(bool hugetlb, bool list, bool early)
    {
        using UdmaBufDevice device = UdmaBufDevice.Open();
        using FileDescriptor memfd = MemFd.Create("test", hugetlb ? 4 << 20 : Pages * Page, hugetlb, MemFdSeals.Shrink);
        using MemoryMapping guest = MemoryMapping.Map(memfd, 0, Pages * Page, writable: true);
        int[] firstPages = list ? [512 - 2, 3, 700, 100] : [511];
        if (!early)
        {
            Fill(guest, 1);
        }

        using FileDescriptor dmaBuf = device.Create([.. firstPages.Select(p => new FileRange(memfd, p * Page, 4 * Page))]);
        using MemoryMapping seen = MemoryMapping.Map(dmaBuf, 0, firstPages.Length * 4 * Page, writable: false);

        for (int round = 2; round < 4; round++)
        {
            Fill(guest, round);
            DmaBuf.BeginRead(dmaBuf);
            for (int i = 0; i < firstPages.Length * 4; i++)
            {
                int page = firstPages[i / 4] + (i % 4);
                Assert.True(guest.Slice(page * Page, Page).SequenceEqual(seen.Slice(i * Page, Page)), $"page {i} of the udmabuf is not page {page} of the memfd");
            }
            DmaBuf.EndRead(dmaBuf);
        }
    }

    private static void Fill(MemoryMapping guest, int seed) => new Noise(seed).Fill(guest.Slice(0, Pages * Page));
}
