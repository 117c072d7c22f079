using FbShare.Cli.Qemu;
using FbShare.Display;
using FbShare.Graphics;
using FbShare.Linux;
using FbShare.Memory;
using FbShare.Pictures;
using FbShare.Rig.Driver;
using Xunit;

namespace FbShare.QemuTests.Testbed;

/// <summary>Pages taken from under a udmabuf (balloon, virtio-mem): found and healed before a wrong frame stays.</summary>
[Collection(TestbedCollection.Name)]
[Trait("Category", "Testbed")]
[Trait("Category", "Kernel")]
public sealed class DisconnectTests
{
    private const int Page = GuestPages.Page;

    private readonly RecordingLogger _log = new();

    [TestbedFact]
    public void A_udmabuf_does_come_apart_if_nobody_heals_it()
    {
        // The premise of the rest: without the watch the old page would be shown.
        using UdmaBufDevice device = UdmaBufDevice.Open();
        using FileDescriptor memfd = MemFd.Create("guest", 4 * Page);
        using MemoryMapping guest = MemoryMapping.Map(memfd, 0, 4 * Page, writable: true);
        guest.Slice(0, 4 * Page).Fill(1);
        using FileDescriptor dmaBuf = device.Create([new(memfd, 0, 4 * Page)]);
        using MemoryMapping seen = MemoryMapping.Map(dmaBuf, 0, 4 * Page, writable: false);

        memfd.PunchHole(Page, Page);
        guest.Slice(0, 4 * Page).Fill(2);

        Assert.Equal((2, 1, 2), (seen.Slice(0, 1)[0], seen.Slice(Page, 1)[0], seen.Slice(2 * Page, 1)[0]));
    }

    [TestbedFact]
    public void A_page_punched_and_drawn_again_is_right_in_the_next_frame_a_hundred_times_of_a_hundred() => AssertHealed(hugetlb: false, away: false);

    [TestbedFact(TestbedNeeds.HugePages)]
    public void A_huge_page_away_for_a_frame_and_drawn_again_is_right_in_the_next_frame_a_hundred_times_of_a_hundred() => AssertHealed(hugetlb: true, away: true);

    [TestbedFact(TestbedNeeds.HugePages)]
    public void A_huge_page_that_went_and_came_between_two_frames_is_right_when_every_run_had_its_turn() => AssertHealed(hugetlb: true, away: false);

    [TestbedFact]
    public void A_buffer_that_came_apart_while_another_was_shown_is_made_anew_before_it_is_shown_again()
    {
        using var pages = new GuestPages(4 << 20);
        using GraphicsDevice device = Drivers.Open();
        var exporter = new DmaBufExporter(PathRequest.Default, _log);
        using var hub = new DisplayHub(1, exporter);
        using var screen = new GlScreen(device);
        hub.Attach(0, screen);
        FrameLayout layout = FrameLayout.Packed(DrmFormat.XR24, 320, 200);
        (ulong, uint)[] left = [(0, 63 * Page)];
        (ulong, uint)[] right = [(100 * Page, 63 * Page)];
        using Backing first = pages.Make(left);
        using Backing second = pages.Make(right);
        using Scanout one = Scanout.OfGuest(layout, first, 1, ScanoutKind.Blob);
        using Scanout other = Scanout.OfGuest(layout, second, 2, ScanoutKind.Blob);
        foreach (Scanout scanout in (Scanout[])[one, other])
        {
            hub.SetScanout(0, scanout);
            hub.Commit();
        }

        pages.Files[0].PunchHole(10 * Page, 20 * Page);
        byte[] drawn = pages.Draw(left, layout, 5);
        hub.SetScanout(0, one);
        hub.Flush(0, layout.Bounds);

        Assert.True(drawn.AsSpan().SequenceEqual(screen.Look()));
        Assert.Equal(1, exporter.Healed);
        Assert.Equal((3, 0), screen.Shown);
    }

    /// <param name="away">A frame is told while the page is away.</param>
    private void AssertHealed(bool hugetlb, bool away)
    {
        long hole = hugetlb ? 2 << 20 : Page;
        using var pages = new GuestPages(32 << 20, hugetlb);
        using GraphicsDevice device = Drivers.Open();
        var exporter = new DmaBufExporter(PathRequest.Default, _log);
        using var hub = new DisplayHub(1, exporter);
        using var screen = new GlScreen(device);
        hub.Attach(0, screen);
        FrameLayout layout = FrameLayout.Packed(DrmFormat.XR24, 320, 200);
        // Pieces of seven pages all over the memory.
        (ulong, uint)[] entries = [.. Enumerable.Range(0, 9).Select(i => ((ulong)(i * 800 * Page), (uint)(7 * Page)))];
        using Backing backing = pages.Make(entries);
        using Scanout scanout = Scanout.OfGuest(layout, backing, 1, ScanoutKind.Blob);
        hub.SetScanout(0, scanout);
        hub.Commit();
        var random = new Random(11);

        for (int round = 1; round <= 100; round++)
        {
            long place = (long)entries[random.Next(9)].Item1 + (random.Next(7) * Page);
            pages.Files[0].PunchHole(place / hole * hole, hole);
            if (away)
            {
                hub.Flush(0, new Rect(0, 0, 1, 1));
            }
            byte[] drawn = pages.Draw(entries, layout, round);
            // The guest tells of one row only; everything must be right all the same. Nine huge pages in five runs, three a turn: two flips.
            for (int flip = 0; flip < (hugetlb && !away ? 2 : 1); flip++)
            {
                hub.Flush(0, new Rect(0, round % 200, 320, 1));
            }

            Assert.True(drawn.AsSpan().SequenceEqual(screen.Look()), $"round {round}");
            Assert.InRange(exporter.Healed, round, 2 * round);
        }
        Assert.Equal(0, hub.BytesCopied);
    }
}
