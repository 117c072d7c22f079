using FbShare.Display;
using FbShare.Linux;
using FbShare.Memory;
using FbShare.Pictures;
using FbShare.Tests.Memory;
using Xunit;

namespace FbShare.Tests.Display;

public class DmaBufExporterTests
{
    private const int Page = 4096;

    private readonly RecordingLogger _log = new();

    [Fact]
    public void Without_the_device_the_picture_is_copied_and_the_cause_is_told_once()
    {
        using var pages = new TestPages(1 << 20);
        using Backing backing = pages.Make((8 * Page, 2 * Page), (2 * Page, 2 * Page));
        using Scanout scanout = Scanout.OfGuest(FrameLayout.Packed(DrmFormat.XR24, 32, 128), backing, 7, ScanoutKind.Blob);
        int opened = 0;
        using var exporter = new DmaBufExporter(PathRequest.Default, _log, () =>
        {
            opened++;
            return UdmaBufDevice.Open("/dev/no-such-udmabuf");
        });

        for (int flip = 0; flip < 10; flip++)
        {
            PathChoice choice = exporter.Choose(0, scanout, PictureForms.All);
            Assert.Equal(FramePath.Copy, choice.Path);
            Assert.Contains("modprobe udmabuf", choice.Cure, StringComparison.Ordinal);
        }

        Assert.Equal(1, opened);
        Assert.Contains("is shown by copying, because there is no /dev/no-such-udmabuf; cure: sudo modprobe udmabuf", Assert.Single(_log), StringComparison.Ordinal);
    }

    [Fact]
    public void A_refused_picture_is_not_tried_again_but_the_next_one_is()
    {
        using var pages = new TestPages(1 << 20);
        using Backing backing = pages.Make((0, 2 * Page));
        // /dev/null is opened and refuses every ioctl.
        using var exporter = new DmaBufExporter(PathRequest.Default, _log, () => UdmaBufDevice.Open("/dev/null"));
        for (uint resource = 1; resource <= 3; resource++)
        {
            using Scanout scanout = Scanout.OfGuest(FrameLayout.Packed(DrmFormat.XR24, 32, 64), backing, resource, ScanoutKind.Blob);

            Assert.Equal("the device does not know udmabuf's ioctls: it is not /dev/udmabuf", exporter.Choose(0, scanout, PictureForms.All).Reason);
            DmaBufExport first = scanout.Export!;
            exporter.Choose(0, scanout, PictureForms.All);

            Assert.Same(first, scanout.Export);
        }
        Assert.Single(_log);
        Assert.Equal(0, exporter.Created);
    }

    [Fact]
    public void Nothing_is_made_for_a_consumer_that_cannot_take_it()
    {
        using var pages = new TestPages(1 << 20);
        using Backing backing = pages.Make((0, 2 * Page));
        using Scanout scanout = Scanout.OfGuest(FrameLayout.Packed(DrmFormat.XR24, 32, 64), backing, 1, ScanoutKind.Blob);
        using var exporter = new DmaBufExporter(PathRequest.Default, _log, () => throw new InvalidOperationException("opened"));

        Assert.Equal("the consumer takes no dma-bufs", exporter.Choose(0, scanout, PictureForms.BufferAnywhere).Reason);
    }

    [Fact]
    public void A_guest_with_many_reasons_cannot_flood_the_log()
    {
        using var pages = new TestPages(1 << 20);
        using var exporter = new DmaBufExporter(PathRequest.Default, _log, () => UdmaBufDevice.Open("/dev/null"));
        for (uint i = 1; i <= 1000; i++)
        {
            // Each is cut within a page at another place: another reason each time.
            using Backing backing = pages.Make((0, i), (8 * Page, 2 * Page));
            using Scanout scanout = Scanout.OfGuest(FrameLayout.Packed(DrmFormat.XR24, 32, 64), backing, i, ScanoutKind.Blob);
            Assert.Contains("inside a page", exporter.Choose(0, scanout, PictureForms.All).Reason, StringComparison.Ordinal);
        }
        Assert.InRange(_log.Count, 1, 64);
    }
}
