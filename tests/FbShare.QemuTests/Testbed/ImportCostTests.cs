using System.Diagnostics;
using FbShare.Cli.Qemu;
using FbShare.Display;
using FbShare.Graphics;
using FbShare.Memory;
using FbShare.Pictures;
using Xunit.Abstractions;

namespace FbShare.QemuTests.Testbed;

/// <summary>What a buffer costs: once, on its first flip, against the number of its ranges and its size; and at every flip. The figures are
/// printed, for they are the machine's; what is asserted is that the work was done, and done once.</summary>
[Collection(TestbedCollection.Name)]
[Trait("Category", "Testbed")]
public sealed class ImportCostTests(ITestOutputHelper output)
{
    private const int Page = GuestPages.Page;

    [TestbedTheory]
    [InlineData(1)]
    [InlineData(16)]
    [InlineData(256)]
    [InlineData(1024)]
    [InlineData(8100)]
    public void A_4K_buffer_in_shmem_is_made_and_imported(int ranges) => Measure(3840, 2160, ranges, hugetlb: false);

    [TestbedTheory(TestbedNeeds.HugePages)]
    [InlineData(1)]
    [InlineData(16)]
    [InlineData(256)]
    [InlineData(1024)]
    [InlineData(8100)]
    public void A_4K_buffer_in_hugetlb_is_made_and_imported(int ranges) => Measure(3840, 2160, ranges, hugetlb: true);

    [TestbedTheory]
    [InlineData(640, 400)]
    [InlineData(1920, 1080)]
    [InlineData(7680, 4320)]
    public void A_buffer_of_any_size_is_made_and_imported(int width, int height) => Measure(width, height, 16, hugetlb: false);

    private void Measure(int width, int height, int ranges, bool hugetlb)
    {
        FrameLayout layout = FrameLayout.Packed(DrmFormat.XR24, width, height);
        int pageCount = (int)((layout.End + Page - 1) / Page);
        using var pages = new GuestPages(((pageCount * 2L * Page) + (2 << 20)) >> 21 << 21, hugetlb);
        // Equal pieces with a page between them.
        int piece = pageCount / ranges;
        (ulong, uint)[] entries =
        [
            .. Enumerable.Range(0, ranges).Select(i => ((ulong)i * (ulong)(piece + 1) * Page, (uint)((i + 1 < ranges ? piece : pageCount - (i * piece)) * Page))),
        ];
        using Backing backing = pages.Make(entries);
        using GraphicsDevice device = Drivers.Open();
        var log = new RecordingLogger();
        using var exporter = new DmaBufExporter(PathRequest.Default, log);
        // The first is not measured: it brings the pages into being and the code into the machine's own language.
        (TimeSpan made, TimeSpan imported, TimeSpan looked) = (TimeSpan.MaxValue, TimeSpan.MaxValue, TimeSpan.MaxValue);
        int bands = 0;
        for (uint round = 0; round < 4; round++)
        {
            using Scanout scanout = Scanout.OfGuest(layout, backing, round + 1, ScanoutKind.Blob);
            long begin = Stopwatch.GetTimestamp();
            Assert.Equal(FramePath.Udmabuf, exporter.Choose(0, scanout, PictureForms.All).Path);
            TimeSpan make = Stopwatch.GetElapsedTime(begin);
            begin = Stopwatch.GetTimestamp();
            using PictureTexture picture = device.Importer!.Import(scanout.Export!.Frame!);
            TimeSpan import = Stopwatch.GetElapsedTime(begin);
            bands = scanout.Export.Frame!.Bands.Count;
            if (round > 0)
            {
                (made, imported) = (make < made ? make : made, import < imported ? import : imported);
                looked = MeasureLook(exporter, scanout) is var look && look < looked ? look : looked;
            }
        }

        output.WriteLine(
            $"{width}x{height}, {ranges} ranges, {(hugetlb ? "hugetlb" : "shmem")}: {bands} bands, made in {made.TotalMilliseconds:f2} ms, imported in {imported.TotalMilliseconds:f2} ms, watched for {looked.TotalMicroseconds:f2} us a flip");
        Assert.Equal(4 * bands, exporter.Created);
        Assert.Equal(0, exporter.Healed);
    }

    /// <summary>What it costs at each flip to see that the guest's memory still has the buffer's pages.</summary>
    private static TimeSpan MeasureLook(DmaBufExporter exporter, Scanout scanout)
    {
        const int Flips = 1000;
        TimeSpan best = TimeSpan.MaxValue;
        for (int round = 0; round < 10; round++)
        {
            long begin = Stopwatch.GetTimestamp();
            for (int flip = 0; flip < Flips; flip++)
            {
                Assert.False(exporter.Heal(0, scanout));
            }
            TimeSpan taken = Stopwatch.GetElapsedTime(begin);
            best = taken < best ? taken : best;
        }
        return best / Flips;
    }
}
