using System.Diagnostics;
using System.Runtime.InteropServices;
using FbShare.Display;
using FbShare.Graphics;
using FbShare.Linux;
using FbShare.Memory;
using FbShare.Pictures;
using Xunit;

namespace FbShare.QemuTests.Testbed;

/// <summary>What is in the way of zero copy, brought about for real: the picture stays right and the log says why, once, with the cure.</summary>
[Collection(TestbedCollection.Name)]
[Trait("Category", "Testbed")]
[Trait("Category", "Kernel")]
public sealed partial class FallbackTests
{
    private const int Page = GuestPages.Page;
    private const uint Nobody = 65534;

    private readonly RecordingLogger _log = new();

    [TestbedFact(TestbedNeeds.Kernel)]
    public void The_device_away()
    {
        File.Move(UdmaBufDevice.DevicePath, "/dev/udmabuf.away");
        try
        {
            AssertCopied("there is no /dev/udmabuf", "modprobe udmabuf");
        }
        finally
        {
            File.Move("/dev/udmabuf.away", UdmaBufDevice.DevicePath);
        }
    }

    [TestbedFact(TestbedNeeds.Kernel)]
    public void The_device_closed_to_this_user()
    {
        _ = setfsuid(Nobody);
        try
        {
            Assert.Equal(Nobody, (uint)setfsuid(Nobody));
            AssertCopied("this user may not open /dev/udmabuf", "KERNEL==\"udmabuf\"", before: () => _ = setfsuid(0), after: () => _ = setfsuid(Nobody));
        }
        finally
        {
            _ = setfsuid(0);
        }
    }

    [TestbedFact(TestbedNeeds.Kernel)]
    public void A_row_of_more_ranges_than_list_limit()
    {
        using var setting = KernelSetting.OfUdmabuf("list_limit", 1);
        AssertCopied("row 1 of the picture alone needs more than list_limit 1 allows", "/list_limit");
    }

    [TestbedFact]
    public void Memory_without_the_seal() => AssertCopied("F_SEAL_SHRINK", "seal=on", seals: MemFdSeals.Grow);

    [TestbedFact]
    public void Memory_that_starts_inside_a_page() =>
        AssertCopied("inside a page", null, entries: [(8 * Page, 100), (100 * Page, (uint)(400 * Page))]);

    [TestbedFact]
    public void X11_without_the_extension()
    {
        using var server = new XServer();
        AssertCopied(
            "the consumer takes no dma-bufs", null, () => GraphicsDevice.Open(EglDisplay.OpenX11(server.Display), GlVersion.Es3), why: "EGL_EXT_image_dma_buf_import is missing");
    }

    [TestbedFact]
    public void A_driver_that_lists_the_extension_and_refuses_every_import() =>
        AssertCopied("the consumer takes no dma-bufs", null, () => GraphicsDevice.Open(EglDisplay.OpenGbm("/dev/null"), GlVersion.Es3), why: "EGL_BAD_ALLOC");

    [TestbedFact]
    public void An_import_that_fails_later_turns_that_consumer_alone_to_copies()
    {
        using var pages = new GuestPages(4 << 20);
        (ulong, uint)[] entries = [(8 * Page, 200 * Page), (400 * Page, 100 * Page)];
        using Backing backing = pages.Make(entries);
        FrameLayout layout = FrameLayout.Packed(DrmFormat.XR24, 640, 400);
        using Scanout scanout = Scanout.OfGuest(layout, backing, 1, ScanoutKind.Blob);
        using GraphicsDevice device = Drivers.Open();
        using var hub = new DisplayHub(1, new DmaBufExporter(PathRequest.Default, _log));
        using var good = new GlScreen(device);
        using var bad = new GlScreen(device) { Refuses = true };
        hub.Attach(0, good);
        hub.Attach(0, bad);

        byte[] drawn = pages.Draw(entries, layout, 1);
        hub.SetScanout(0, scanout);
        hub.Flush(0, layout.Bounds);
        hub.ShowAgain(0, bad);

        Assert.True(drawn.AsSpan().SequenceEqual(good.Look()));
        Assert.True(drawn.AsSpan().SequenceEqual(bad.Look()));
        Assert.Equal((1, 0), good.Shown);
        Assert.Equal((1, 1), bad.Shown);
        Assert.Equal(FramePath.Udmabuf, hub.GetPath(0)!.Path);
    }

    [TestbedFact]
    public void Two_consumers_of_mapped_dma_bufs_see_the_next_picture_of_which_none_can_be_made()
    {
        using var pages = new GuestPages(4 << 20);
        (ulong, uint)[] whole = [(8 * Page, 250 * Page)];
        // Cut within a page.
        (ulong, uint)[] torn = [(300 * Page, 100), (310 * Page, 250 * Page)];
        using Backing first = pages.Make(whole);
        using Backing second = pages.Make(torn);
        FrameLayout layout = FrameLayout.Packed(DrmFormat.XR24, 640, 400);
        using Scanout mapped = Scanout.OfGuest(layout, first, 1, ScanoutKind.Blob);
        using Scanout refused = Scanout.OfGuest(layout, second, 2, ScanoutKind.Blob);
        using GraphicsDevice device = Drivers.Open();
        using var hub = new DisplayHub(1, new DmaBufExporter(new PathRequest(FramePath.Mmap), _log));
        using var one = new GlScreen(device);
        using var other = new GlScreen(device);
        hub.Attach(0, one);
        hub.Attach(0, other);
        foreach ((Scanout scanout, (ulong, uint)[] entries, FramePath path) in ((Scanout, (ulong, uint)[], FramePath)[])
            [(mapped, whole, FramePath.Mmap), (refused, torn, FramePath.Copy), (mapped, whole, FramePath.Mmap)])
        {
            byte[] drawn = pages.Draw(entries, layout, (int)scanout.ResourceId);
            hub.SetScanout(0, scanout);
            hub.Flush(0, layout.Bounds);

            Assert.Equal(path, hub.GetPath(0)!.Path);
            Assert.True(drawn.AsSpan().SequenceEqual(one.Look()));
            Assert.True(drawn.AsSpan().SequenceEqual(other.Look()));
        }
    }

    [TestbedFact(TestbedNeeds.Kernel)]
    public void The_cure_takes_effect_at_the_next_buffer()
    {
        using var pages = new GuestPages(4 << 20);
        using Backing backing = pages.Make((8 * Page, 200 * Page), (400 * Page, 100 * Page));
        FrameLayout layout = FrameLayout.Packed(DrmFormat.XR24, 640, 400);
        using var exporter = new DmaBufExporter(PathRequest.Default, _log);
        using Scanout first = Scanout.OfGuest(layout, backing, 1, ScanoutKind.Blob);
        using Scanout second = Scanout.OfGuest(layout, backing, 2, ScanoutKind.Blob);
        using (KernelSetting.OfUdmabuf("list_limit", 0))
        {
            Assert.Equal(FramePath.Copy, exporter.Choose(0, first, PictureForms.All).Path);
        }

        Assert.Equal(FramePath.Udmabuf, exporter.Choose(0, second, PictureForms.All).Path);
    }

    /// <param name="open">The driver; one that imports if not given.</param>
    /// <param name="why">What the driver's probe must say; null: it must be trusted.</param>
    private void AssertCopied(
        string reason,
        string? cure,
        Func<GraphicsDevice>? open = null,
        MemFdSeals seals = MemFdSeals.Shrink,
        (ulong, uint)[]? entries = null,
        string? why = null,
        Action? before = null,
        Action? after = null)
    {
        // Every row of 2560 bytes in pages that are no neighbours.
        entries ??= [.. Enumerable.Range(0, 250).Select(i => ((ulong)(2 * i * Page), (uint)Page))];
        before?.Invoke();
        using GraphicsDevice device = open is null ? Drivers.Open() : open();
        using var pages = new GuestPages(4 << 20, seals: seals);
        using Backing backing = pages.Make(entries);
        after?.Invoke();
        Assert.Equal(why is null, device.Import.IsTrusted);
        Assert.Contains(why ?? "", device.Import.Reason, StringComparison.Ordinal);
        FrameLayout layout = FrameLayout.Packed(DrmFormat.XR24, 640, 400);
        using Scanout scanout = Scanout.OfGuest(layout, backing, 1, ScanoutKind.Blob);
        using var hub = new DisplayHub(1, new DmaBufExporter(PathRequest.Default, _log));
        using var screen = new GlScreen(device);
        hub.Attach(0, screen);

        for (int round = 0; round < 3; round++)
        {
            byte[] drawn = pages.Draw(entries, layout, round);
            hub.SetScanout(0, scanout);
            hub.Flush(0, layout.Bounds);
            Assert.True(drawn.AsSpan().SequenceEqual(screen.Look()), $"round {round}");
        }

        PathChoice path = hub.GetPath(0)!;
        Assert.Equal(FramePath.Copy, path.Path);
        Assert.Contains(reason, path.Reason, StringComparison.Ordinal);
        Assert.Equal(cure is null, path.Cure is null);
        Assert.Contains(cure ?? "", path.Cure ?? "", StringComparison.Ordinal);
        Assert.Contains(path.Reason, Assert.Single(_log), StringComparison.Ordinal);
        Assert.Equal((0, 1), screen.Shown);
    }

    [LibraryImport("libc")]
    private static partial int setfsuid(uint uid);

    /// <summary>An Xvfb and a connection to it.</summary>
    private sealed partial class XServer : IDisposable
    {
        private readonly Process _process;

        public XServer()
        {
            var start = new ProcessStartInfo("Xvfb", "-displayfd 1 -screen 0 800x600x24 -nolisten tcp") { RedirectStandardOutput = true, RedirectStandardError = true };
            _process = Process.Start(start)!;
            _process.ErrorDataReceived += (_, _) => { };
            _process.BeginErrorReadLine();
            string number = _process.StandardOutput.ReadLine() ?? throw new InvalidOperationException("Xvfb did not start");
            Display = XOpenDisplay($":{number}");
            Assert.NotEqual(0, Display);
        }

        public nint Display { get; }

        public void Dispose()
        {
            _process.Kill();
            _process.WaitForExit();
            _process.Dispose();
        }

        [LibraryImport("libX11.so.6", StringMarshalling = StringMarshalling.Utf8)]
        private static partial nint XOpenDisplay(string name);
    }
}
