using System.Globalization;
using FbShare.Cli.Qemu;
using FbShare.Display;
using FbShare.Graphics;
using FbShare.Memory;
using FbShare.Pictures;
using Xunit;

namespace FbShare.QemuTests.Testbed;

/// <summary>Guest pages → udmabuf → EGLImage → texture → read back, against what the guest drew; then drawn over by the guest and looked at
/// again without a new import.</summary>
[Collection(TestbedCollection.Name)]
[Trait("Category", "Testbed")]
[Trait("Category", "Kernel")]
public sealed class ZeroCopyTests
{
    private const int Page = GuestPages.Page;

    /// <summary>A format that a software driver blits as it is: an emulated machine's shaders take a minute for thirty million pixels.</summary>
    private const DrmFormat Copied = DrmFormat.AB24;

    private readonly RecordingLogger _log = new();

    public static TheoryData<string, int, int, int, int> Pictures() => new()
    {
        // Arrangement of pages, width, height, stride, offset.
        { "one", 640, 400, 2560, 0 },
        { "one", 33, 41, 132, 0 },
        { "one", 1366, 768, 5464, 0 },
        { "scattered", 1920, 1080, 7680, 0 },
        { "scattered", 1366, 768, 5464, 0 },
        { "scattered", 33, 41, 132, 0 },
        { "scattered", 31, 77, 132, 4 * 77 },
        { "permuted", 640, 400, 2560, 0 },
        { "permuted", 639, 399, 2560, 4100 },
        { "repeated", 640, 400, 2560, 0 },
        { "two files", 640, 400, 2560, 0 },
        // 1025 single pages: one more than list_limit.
        { "single", 1024, 1025, 4096, 0 },
    };

    [TestbedTheory]
    [MemberData(nameof(Pictures))]
    public void Every_pixel_of_a_guest_in_shmem(string arrangement, int width, int height, int stride, int offset) =>
        AssertSeen(arrangement, width, height, stride, offset, hugetlb: false);

    [TestbedTheory(TestbedNeeds.HugePages)]
    [MemberData(nameof(Pictures))]
    public void Every_pixel_of_a_guest_in_hugetlb(string arrangement, int width, int height, int stride, int offset) =>
        AssertSeen(arrangement, width, height, stride, offset, hugetlb: true);

    [TestbedTheory(TestbedNeeds.Kernel)]
    [InlineData("one", 1920, 1080, 7680, 0)]
    [InlineData("scattered", 1366, 768, 5464, 0)]
    public void Every_pixel_of_a_guest_in_shmem_of_huge_pages(string arrangement, int width, int height, int stride, int offset)
    {
        using var setting = new KernelSetting("/sys/kernel/mm/transparent_hugepage/shmem_enabled", "always");
        AssertSeen(arrangement, width, height, stride, offset, hugetlb: false);
    }

    [TestbedFact]
    public void A_4K_picture_in_8100_single_pages() => AssertSeen("single", 3840, 2160, 15360, 0, hugetlb: false, bands: 8);

    [TestbedFact(TestbedNeeds.Kernel)]
    public void A_picture_of_64_MiB_and_a_page()
    {
        // The default was 64 MiB; newer kernels have none to speak of.
        using var setting = KernelSetting.OfUdmabuf("size_limit_mb", 64);
        AssertSeen("one", 4096, 4097, 16384, 0, hugetlb: false, bands: 2, Copied);
    }

    [TestbedFact]
    public void An_8K_picture_of_133_MB() => AssertSeen("scattered", 7680, 4320, 30720, 0, hugetlb: false, bands: 2, Copied);

    [TestbedTheory(TestbedNeeds.Kernel)]
    [InlineData("list_limit", 16)]
    [InlineData("size_limit_mb", 1)]
    public void Lower_limits_make_more_bands_and_the_same_picture(string limit, int value)
    {
        using var setting = KernelSetting.OfUdmabuf(limit, value);
        int bands = AssertSeen("scattered", 1280, 720, 5120, 0, hugetlb: false);
        Assert.InRange(bands, 3, 720);
    }

    [TestbedTheory]
    [InlineData("surfaceless", "es2")]
    [InlineData("surfaceless", "es3")]
    [InlineData("surfaceless", "gl")]
    [InlineData("device", "es2")]
    [InlineData("device", "es3")]
    [InlineData("device", "gl")]
    public void All_formats_on_every_driver_as_every_kind_of_texture(string platform, string version)
    {
        using GraphicsDevice device = Drivers.Open(platform, version);
        foreach (ImportKind kind in DmaBufImporter.KindsOf(device.GL))
        {
            var importer = new DmaBufImporter(device.Display, device.GL, kind);
            foreach (DrmFormat format in DrmFormats.All)
            {
                AssertSeen(device, importer, format, "scattered", 157, 89, (157 * 4) + 12, 52, hugetlb: false);
            }
        }
    }

    [TestbedTheory(TestbedNeeds.Kernel)]
    [InlineData("es2", ImportKind.Texture, ImportKind.Storage, ImportKind.External)]
    [InlineData("es3", ImportKind.Texture, ImportKind.Storage, ImportKind.External)]
    [InlineData("gl", ImportKind.Texture, ImportKind.Storage)]
    public void The_software_driver_has_these_kinds_of_textures_for_imports(string version, params ImportKind[] kinds)
    {
        using GraphicsDevice device = Drivers.Open("surfaceless", version);
        Assert.Equal(kinds, DmaBufImporter.KindsOf(device.GL));
        Assert.Equal((ImportVerdict.Proven, ImportKind.Texture), (device.Import.Verdict, device.Importer!.Kind));
    }

    [TestbedFact]
    public void Flips_between_three_buffers_import_three_times()
    {
        using var pages = new GuestPages(16 << 20);
        using GraphicsDevice device = Drivers.Open();
        var exporter = new DmaBufExporter(PathRequest.Default, _log);
        using var hub = new DisplayHub(1, exporter);
        using var screen = new GlScreen(device);
        hub.Attach(0, screen);
        FrameLayout layout = FrameLayout.Packed(DrmFormat.XR24, 320, 200);
        (ulong, uint)[][] entries = [.. Enumerable.Range(0, 3).Select(i => Arrange("scattered", 320 * 200 * 4, i * 2_000_000))];
        Backing[] backings = [.. entries.Select(pages.Make)];
        Scanout[] buffers = [.. backings.Select((b, i) => Scanout.OfGuest(layout, b, (uint)i + 1, ScanoutKind.Blob))];

        for (int flip = 0; flip < 30; flip++)
        {
            byte[] drawn = pages.Draw(entries[flip % 3], layout, flip);
            hub.SetScanout(0, buffers[flip % 3]);
            hub.Flush(0, layout.Bounds);
            Assert.True(drawn.AsSpan().SequenceEqual(screen.Look()), $"flip {flip}");
        }

        Assert.Equal((30, 0), screen.Shown);
        Assert.Equal(3, screen.Imports);
        Assert.Equal(3, exporter.Created);
        Assert.Equal(0, hub.BytesCopied);
        hub.SetScanout(0, null);
        Array.ForEach(buffers, b => b.Dispose());
        Array.ForEach(backings, b => b.Dispose());
    }

    [TestbedTheory]
    [InlineData(FramePath.Mmap)]
    [InlineData(FramePath.Copy)]
    public void The_other_paths_show_the_same_picture(FramePath path)
    {
        using var pages = new GuestPages(16 << 20);
        using GraphicsDevice device = Drivers.Open();
        using var hub = new DisplayHub(1, new DmaBufExporter(new PathRequest(path), _log));
        using var screen = new GlScreen(device);
        hub.Attach(0, screen);
        (ulong, uint)[] entries = Arrange("scattered", 5464 * 768, 0);
        using Backing backing = pages.Make(entries);
        Assert.True(FrameLayout.TryCreate(DrmFormat.AR24, 1366, 768, 5464, 0, backing.Length, out FrameLayout layout, out _));
        using Scanout scanout = Scanout.OfGuest(layout, backing, 1, ScanoutKind.Blob);

        for (int round = 0; round < 2; round++)
        {
            byte[] drawn = pages.Draw(entries, layout, round);
            hub.SetScanout(0, scanout);
            hub.Flush(0, layout.Bounds);
            Assert.True(drawn.AsSpan().SequenceEqual(screen.Look()));
        }

        Assert.Equal(path, hub.GetPath(0)!.Path);
        Assert.Equal((0, 1), screen.Shown);
        hub.SetScanout(0, null);
    }

    [TestbedFact]
    public void Thousands_of_buffers_leave_nothing_behind()
    {
        // tools/soak asks for more.
        int cycles = int.Parse(Environment.GetEnvironmentVariable("FBSHARE_CYCLES") ?? "5000", CultureInfo.InvariantCulture);
        using var pages = new GuestPages(1 << 20);
        using Backing backing = pages.Make((0, Page));
        FrameLayout layout = FrameLayout.Packed(DrmFormat.XR24, 32, 32);
        using var exporter = new DmaBufExporter(PathRequest.Default, _log);
        Cycle(100);
        (int, int) before = Count();

        Cycle(cycles);

        Assert.Equal(before, Count());
        Assert.Equal(100 + cycles, exporter.Created);

        void Cycle(int times)
        {
            for (uint i = 1; i <= times; i++)
            {
                using Scanout scanout = Scanout.OfGuest(layout, backing, i, ScanoutKind.Blob);
                Assert.Equal(FramePath.Udmabuf, exporter.Choose(0, scanout, PictureForms.All).Path);
            }
        }

        static (int Descriptors, int Mappings) Count() =>
            (Directory.GetFileSystemEntries("/proc/self/fd").Length,
            File.ReadLines("/proc/self/maps").Count(l => l.Contains("guest", StringComparison.Ordinal) || l.Contains("dmabuf", StringComparison.Ordinal)));
    }

    private int AssertSeen(string arrangement, int width, int height, int stride, int offset, bool hugetlb, int? bands = null, DrmFormat format = DrmFormat.XR24)
    {
        using GraphicsDevice device = Drivers.Open();
        Assert.True(device.Importer is not null, device.Import.Reason);
        int made = AssertSeen(device, device.Importer, format, arrangement, width, height, stride, offset, hugetlb);
        Assert.Equal(bands ?? made, made);
        return made;
    }

    private int AssertSeen(
        GraphicsDevice device, DmaBufImporter importer, DrmFormat format, string arrangement, int width, int height, int stride, int offset, bool hugetlb)
    {
        long bytes = offset + ((long)stride * height);
        using var pages = new GuestPages(hugetlb ? 32 << 20 : Math.Max(32 << 20, bytes * 3), hugetlb);
        (ulong, uint)[] entries = Arrange(arrangement, bytes, 0);
        using Backing backing = pages.Make(entries);
        Assert.True(FrameLayout.TryCreate(format, (uint)width, (uint)height, (uint)stride, (ulong)offset, backing.Length, out FrameLayout layout, out string? why), why);
        using Scanout scanout = Scanout.OfGuest(layout, backing, 1, ScanoutKind.Blob);
        using var exporter = new DmaBufExporter(PathRequest.Default, _log);
        using var hub = new DisplayHub(1, exporter);
        using var screen = new GlScreen(device, importer);
        hub.Attach(0, screen);
        byte[] first = pages.Draw(entries, layout, 1);
        hub.SetScanout(0, scanout);
        hub.Commit();
        Assert.True(hub.GetPath(0) is { Path: FramePath.Udmabuf }, hub.GetPath(0)?.ToString());

        Assert.Equal(-1, Difference(first, screen.Look()));
        // The descriptors may go once the driver has them; and no word is said when the guest draws again.
        scanout.Export!.Frame!.Dispose();
        byte[] second = pages.Draw(entries, layout, 2);
        Assert.Equal(-1, Difference(second, screen.Look()));

        Assert.Equal((1, 0), screen.Shown);
        Assert.Equal(1, screen.Imports);
        Assert.Equal(0, hub.BytesCopied);
        return (int)exporter.Created;
    }

    /// <summary>The first byte that differs; -1: none.</summary>
    private static int Difference(byte[] expected, byte[] actual)
    {
        int same = expected.AsSpan().CommonPrefixLength(actual);
        return same == expected.Length && same == actual.Length ? -1 : same;
    }

    /// <summary>Where a guest's pages may lie.</summary>
    /// <param name="from">Where in the memory to begin.</param>
    private static (ulong, uint)[] Arrange(string arrangement, long bytes, long from)
    {
        int pages = (int)((bytes + Page - 1) / Page);
        ulong start = (ulong)(from / Page * Page);
        var random = new Random(pages);
        switch (arrangement)
        {
            case "one":
                return [(start + (3 * Page), (uint)(pages * Page))];
            case "single":
                // Every other page, so that no two are neighbours.
                return [.. Enumerable.Range(0, pages).Select(i => (start + ((ulong)i * 2 * Page), (uint)Page))];
            case "permuted":
                return [.. Enumerable.Range(0, pages).OrderBy(_ => random.Next()).Select(i => (start + ((ulong)i * Page), (uint)Page))];
            case "repeated":
                // The lower half is the upper half's pages again.
                return [(start, (uint)(pages / 2 * Page)), (start, (uint)((pages - (pages / 2)) * Page))];
            default:
                var entries = new List<(ulong, uint)>();
                ulong at = start;
                for (int left = pages; left > 0;)
                {
                    int count = Math.Min(left, random.Next(1, 40));
                    bool second = arrangement == "two files" && entries.Count % 2 == 1;
                    entries.Add(((second ? GuestPages.Second : 0) + at, (uint)(count * Page)));
                    at += (ulong)((count + random.Next(1, 4)) * Page);
                    left -= count;
                }
                return [.. entries];
        }
    }
}
