using FbShare.Display;
using FbShare.Display.Client;
using FbShare.Display.DBus;
using FbShare.Linux;
using FbShare.Memory;
using FbShare.Pictures;
using FbShare.Tests.Memory;
using Xunit;

namespace FbShare.Tests.Display;

public sealed class DisplayProtocolTests
{
    private const string Console0 = "/org/qemu/Display1/Console_0";

    [Fact]
    public void A_client_learns_the_virtual_machine_and_its_consoles()
    {
        using var fixture = new DisplayFixture(outputs: 2);
        DisplayClient client = fixture.Connect();
        Assert.Equal("test vm", client.Name);
        Assert.Equal("01234567-89ab-cdef-0123-456789abcdef", client.Uuid);
        Assert.Equal([0u, 1u], client.Consoles.Select(c => c.Id));
        Assert.All(client.Consoles, c => Assert.True(c.IsGraphic));
        Assert.All(client.Consoles, c => Assert.True(c.Status.IsKnown));
    }

    [Theory]
    [InlineData(DrmFormat.XR24)]
    [InlineData(DrmFormat.AR24)]
    [InlineData(DrmFormat.BX24)]
    [InlineData(DrmFormat.BA24)]
    [InlineData(DrmFormat.XB24)]
    [InlineData(DrmFormat.AB24)]
    [InlineData(DrmFormat.RX24)]
    [InlineData(DrmFormat.RA24)]
    public void A_picture_in_host_memory_is_mapped_by_the_client_with_its_own_stride_and_offset(DrmFormat format)
    {
        using var fixture = new DisplayFixture();
        const int width = 37, height = 11, stride = 160, offset = 52;
        Scanout picture = fixture.HostPicture(format, width, height, stride, offset, i => (byte)(i * 7));
        fixture.Hub.SetScanout(0, picture);
        fixture.Hub.Commit();

        (RemoteConsole console, RecordingView view) = fixture.Watch();
        fixture.RunUntil(() => view.Updates.Count == 1);

        RemotePicture shown = Assert.Single(view.Shown);
        Assert.Equal(RemotePictureSource.Map, shown.Source);
        Assert.Equal(picture.Layout, shown.Layout);
        byte[] expected = new byte[width * height * 4];
        for (int i = 0; i < expected.Length; i++)
        {
            expected[i] = (byte)((offset + (i / (width * 4) * stride) + (i % (width * 4))) * 7);
        }
        Assert.Equal(expected, RecordingView.Pixels(shown));
        Assert.Equal([new Rect(0, 0, width, height)], view.Updates);
        console.RefreshStatus();
        Assert.Equal(("2d", "copy"), (console.Status.ResourceKind, console.Status.Path));
        Assert.Equal((width, height), (console.Width, console.Height));
    }

    [Fact]
    public void Damage_in_guest_pages_reaches_the_mapped_copy_before_the_update_is_told()
    {
        using var fixture = new DisplayFixture();
        using var pages = new TestPages(1 << 20);
        FrameLayout layout = FrameLayout.Packed(DrmFormat.XR24, 64, 32);
        using Backing backing = pages.Make((4096, 4096), (65536, 4096));
        Scanout picture = fixture.Own(Scanout.OfGuest(layout, backing, 1, ScanoutKind.Blob));
        fixture.Hub.SetScanout(0, picture);
        fixture.Hub.Commit();
        (_, RecordingView view) = fixture.Watch();
        fixture.RunUntil(() => view.Updates.Count == 1);

        // Row 20, the second page: 20 * 256 - 4096 bytes into it.
        using (MemoryMapping guest = MemoryMapping.Map(pages.File, 65536, 4096, writable: true))
        {
            guest.Slice((20 * 256) - 4096 + 12, 4).Fill(0xab);
        }
        fixture.Flush(0, new Rect(3, 20, 1, 1));
        fixture.RunUntil(() => view.Updates.Count == 2);

        Assert.Equal(new Rect(3, 20, 1, 1), view.Updates[1]);
        byte[] expected = new byte[64 * 32 * 4];
        expected.AsSpan((20 * 256) + 12, 4).Fill(0xab);
        Assert.Equal(expected, RecordingView.Pixels(Assert.Single(view.Shown)));
    }

    [Fact]
    public void A_listener_that_can_neither_map_nor_import_gets_the_pixels_and_then_only_the_damaged_ones()
    {
        using var fixture = new DisplayFixture();
        using BusConnection main = fixture.ConnectRaw();
        Scanout picture = fixture.HostPicture(DrmFormat.BX24, 5, 4, 32, 8, i => (byte)i);
        fixture.Hub.SetScanout(0, picture);
        fixture.Hub.Commit();
        using var listener = new RawListener(fixture.Loop, main, Console0, interfaces: null);
        fixture.RunUntil(() => listener.Calls.Count == 1);
        fixture.Settle();
        fixture.Flush(0, new Rect(1, 2, 3, 2));
        fixture.RunUntil(() => listener.Calls.Count == 2);

        Assert.Equal(["Scanout 5x4 stride 20 0x20080888", "Update 1,2 3x2 stride 12 0x20080888"], listener.Calls);
        byte[] whole = [.. Enumerable.Range(0, 4).SelectMany(y => Enumerable.Range(0, 20).Select(x => (byte)(8 + (y * 32) + x)))];
        Assert.Equal(whole, listener.Pixels[0]);
        byte[] part = [.. Enumerable.Range(2, 2).SelectMany(y => Enumerable.Range(4, 12).Select(x => (byte)(8 + (y * 32) + x)))];
        Assert.Equal(part, listener.Pixels[1]);
    }

    [Fact]
    public void Two_buffers_that_are_flipped_are_told_as_dma_bufs_and_come_back_as_the_same_pictures()
    {
        using var fixture = new DisplayFixture();
        using var pages = new TestPages(1 << 20);
        Scanout front = fixture.DmaBufPicture(pages, 0, 61, 33, bands: 1);
        Scanout back = fixture.DmaBufPicture(pages, 128 << 10, 61, 33, bands: 1);
        DisplayFixture.Fill(pages, 3);
        (_, RecordingView view) = fixture.Watch(takeDmaBuf: true);
        for (int flip = 0; flip < 6; flip++)
        {
            fixture.Hub.SetScanout(0, flip % 2 == 0 ? front : back);
            Assert.True(fixture.Flush(0, new Rect(0, 0, 61, 33)) || flip == 0);
            fixture.RunUntil(() => view.Updates.Count == flip + 1);
        }

        Assert.All(view.Shown, p => Assert.Equal(RemotePictureSource.DmaBuf, p.Source));
        Assert.Equal(2, view.Shown.Distinct().Count());
        Assert.Same(view.Shown[0], view.Shown[4]);
        Assert.Same(view.Shown[1], view.Shown[5]);
        Assert.Equal(DisplayFixture.Expected(3, 0, 61, 33), RecordingView.Pixels(view.Shown[0]));
        Assert.Equal(DisplayFixture.Expected(3, 128 << 10, 61, 33), RecordingView.Pixels(view.Shown[1]));
        Assert.Equal(0, view.Forgotten);
    }

    [Fact]
    public void The_source_is_told_of_consumption_when_the_view_has_drawn()
    {
        using var fixture = new DisplayFixture();
        using var pages = new TestPages(1 << 20);
        (RemoteConsole console, RecordingView view) = fixture.Watch(takeDmaBuf: true);
        view.IsSlow = true;
        fixture.Settle();
        fixture.Hub.SetScanout(0, fixture.DmaBufPicture(pages, 0, 32, 8, bands: 1));
        Assert.True(fixture.Flush(0, new Rect(0, 0, 32, 8)));
        fixture.RunUntil(() => view.Updates.Count == 1);
        fixture.Settle();
        Assert.Empty(fixture.Consumed);

        console.Done();
        fixture.RunUntil(() => fixture.Consumed.GetValueOrDefault(0) == 1);
        fixture.Settle();
        Assert.Equal(1, fixture.Consumed[0]);
    }

    [Fact]
    public void While_a_view_draws_damage_is_gathered_and_told_at_once_afterwards()
    {
        using var fixture = new DisplayFixture();
        (RemoteConsole console, RecordingView view) = fixture.Watch();
        view.IsSlow = true;
        fixture.Hub.SetScanout(0, fixture.HostPicture(DrmFormat.XR24, 50, 50, 200, 0, i => 0));
        fixture.Flush(0, new Rect(0, 0, 50, 50));
        fixture.RunUntil(() => view.Updates.Count == 1);
        fixture.Flush(0, new Rect(1, 1, 2, 2));
        fixture.Flush(0, new Rect(10, 20, 5, 5));
        fixture.Settle();
        Assert.Single(view.Updates);

        console.Done();
        fixture.RunUntil(() => view.Updates.Count == 2);
        Assert.Equal(new Rect(1, 1, 14, 24), view.Updates[1]);
    }

    /// <summary>A blob of 32x32 pixels, the guest's memory that it is in, and a slow view that has not seen it yet.</summary>
    private static (Scanout Picture, MemoryMapping Guest, RemoteConsole Console, RecordingView View) WatchBlobSlowly(DisplayFixture fixture)
    {
        TestPages pages = fixture.Own(new TestPages(1 << 20));
        Backing backing = fixture.Own(pages.Make((0, 4096)));
        Scanout picture = fixture.Own(Scanout.OfGuest(FrameLayout.Packed(DrmFormat.XR24, 32, 32), backing, 1, ScanoutKind.Blob));
        MemoryMapping guest = fixture.Own(MemoryMapping.Map(pages.File, 0, 4096, writable: true));
        (RemoteConsole console, RecordingView view) = fixture.Watch();
        view.IsSlow = true;
        fixture.Settle();
        fixture.Hub.SetScanout(0, picture);
        return (picture, guest, console, view);
    }

    [Fact]
    public void A_view_that_is_busy_with_the_copy_does_not_see_it_change_and_then_sees_all_that_changed_at_once()
    {
        using var fixture = new DisplayFixture();
        (Scanout picture, MemoryMapping guest, RemoteConsole console, RecordingView view) = WatchBlobSlowly(fixture);
        Assert.False(fixture.Flush(0, picture.Layout.Bounds), "the guest waits for a reader of the copy");
        fixture.RunUntil(() => view.Updates.Count == 1);
        long copied = fixture.Hub.BytesCopied;
        Assert.Equal(4096, copied);

        for (byte i = 1; i <= 100; i++)
        {
            guest.Slice(0, 4).Fill(i);
            guest.Slice(128 * 9, 4).Fill(i);
            fixture.Flush(0, new Rect(0, i % 10, 1, 1), isFenced: false);
            fixture.Settle();
        }
        Assert.Empty(fixture.Consumed);
        Assert.Equal(copied, fixture.Hub.BytesCopied);
        Assert.Equal(new byte[4096], RecordingView.Pixels(view.Shown[^1]));

        console.Done();
        fixture.RunUntil(() => view.Updates.Count == 2);
        Assert.Equal(new Rect(0, 0, 1, 10), view.Updates[1]);
        Assert.Equal(copied + (4 * 10), fixture.Hub.BytesCopied);
        byte[] expected = new byte[4096];
        expected.AsSpan(0, 4).Fill(100);
        expected.AsSpan(128 * 9, 4).Fill(100);
        Assert.Equal(expected, RecordingView.Pixels(view.Shown[^1]));
        Assert.Empty(fixture.Consumed);
    }

    [Fact]
    public void What_a_view_sees_after_a_long_look_is_the_last_flush_and_nothing_that_the_guest_drew_since()
    {
        using var fixture = new DisplayFixture();
        (Scanout picture, MemoryMapping guest, RemoteConsole console, RecordingView view) = WatchBlobSlowly(fixture);
        Assert.False(fixture.Flush(0, picture.Layout.Bounds));
        fixture.RunUntil(() => view.Updates.Count == 1);

        // The guest waits for a while, so that the next picture can be copied when the view has finished.
        guest.Slice(0, 4096).Fill(1);
        Assert.True(fixture.Flush(0, picture.Layout.Bounds));
        fixture.Hub.GuestGoesOn(0);
        guest.Slice(0, 2048).Fill(2);
        console.Done();
        fixture.RunUntil(() => view.Updates.Count == 2);
        Assert.Equal(Enumerable.Repeat((byte)1, 4096), RecordingView.Pixels(view.Shown[^1]));

        // Not again for who reads the same picture still.
        guest.Slice(0, 4096).Fill(3);
        Assert.True(fixture.Flush(0, picture.Layout.Bounds));
        guest.Slice(0, 4096).Fill(4);
        Assert.False(fixture.Flush(0, picture.Layout.Bounds));
        guest.Slice(0, 2048).Fill(5);
        console.Done();
        fixture.RunUntil(() => view.Updates.Count == 3);
        Assert.Equal(Enumerable.Repeat((byte)4, 4096), RecordingView.Pixels(view.Shown[^1]));
    }

    [Fact]
    public void A_flip_while_a_view_is_busy_with_the_copy_is_copied_when_the_view_can_look()
    {
        using var fixture = new DisplayFixture();
        using var pages = new TestPages(1 << 20);
        DisplayFixture.Fill(pages, 5);
        (RemoteConsole console, RecordingView view) = fixture.Watch();
        view.IsSlow = true;
        fixture.Settle();
        Scanout[] buffers = [.. Enumerable.Range(0, 3).Select(i => fixture.Own(Scanout.OfGuest(
            FrameLayout.Packed(DrmFormat.XR24, 61, 33), fixture.Own(pages.Make(((ulong)i << 16, 8192))), (uint)i, ScanoutKind.Blob)))];
        for (int flip = 0; flip < 5; flip++)
        {
            fixture.Hub.SetScanout(0, buffers[flip % 3]);
            fixture.Flush(0, new Rect(0, 0, 61, 33), isFenced: false);
            fixture.RunUntil(() => view.Updates.Count == 1);
        }
        Assert.Equal(61 * 33 * 4, fixture.Hub.BytesCopied);

        console.Done();
        fixture.RunUntil(() => view.Updates.Count == 2);
        Assert.Equal(DisplayFixture.Expected(5, 1 << 16, 61, 33), RecordingView.Pixels(view.Shown[^1]));
        Assert.Equal(2 * 61 * 33 * 4, fixture.Hub.BytesCopied);
    }

    [Fact]
    public void A_flip_while_a_view_draws_is_told_afterwards()
    {
        using var fixture = new DisplayFixture();
        using var pages = new TestPages(1 << 20);
        DisplayFixture.Fill(pages, 9);
        Scanout front = fixture.DmaBufPicture(pages, 0, 40, 10, bands: 1);
        Scanout back = fixture.DmaBufPicture(pages, 8192, 40, 10, bands: 1);
        (RemoteConsole console, RecordingView view) = fixture.Watch(takeDmaBuf: true);
        view.IsSlow = true;
        fixture.Hub.SetScanout(0, front);
        fixture.Hub.Commit();
        fixture.RunUntil(() => view.Updates.Count == 1);
        fixture.Hub.SetScanout(0, back);
        fixture.Flush(0, back.Layout.Bounds);
        fixture.Settle();
        Assert.Single(view.Shown);

        console.Done();
        fixture.RunUntil(() => view.Updates.Count == 2);
        Assert.Equal(DisplayFixture.Expected(9, 8192, 40, 10), RecordingView.Pixels(view.Shown[1]));
        console.Done();
        fixture.RunUntil(() => fixture.Consumed.GetValueOrDefault(0) == 1);
    }

    [Fact]
    public void A_view_that_cannot_import_gets_a_copy_and_the_log_says_why_once()
    {
        using var fixture = new DisplayFixture();
        using var pages = new TestPages(1 << 20);
        DisplayFixture.Fill(pages, 5);
        Scanout front = fixture.DmaBufPicture(pages, 0, 24, 12, bands: 1);
        Scanout back = fixture.DmaBufPicture(pages, 16384, 24, 12, bands: 1);
        (RemoteConsole console, RecordingView view) = fixture.Watch(takeDmaBuf: true);
        view.RefuseDmaBuf = "EGL_BAD_ALLOC";
        foreach (Scanout scanout in (Scanout[])[front, back, front])
        {
            fixture.Hub.SetScanout(0, scanout);
            fixture.Flush(0, scanout.Layout.Bounds);
            fixture.RunUntil(() => console.Picture is { Source: RemotePictureSource.Map } shown
                && RecordingView.Pixels(shown).SequenceEqual(DisplayFixture.Expected(5, scanout == front ? 0 : 16384, 24, 12)));
        }
        Assert.Single(view.Shown, p => p.Source == RemotePictureSource.DmaBuf);
        Assert.Contains("EGL_BAD_ALLOC", Assert.Single(fixture.Log), StringComparison.Ordinal);
        console.RefreshStatus();
        Assert.Equal("copy", console.Status.Path);

        // Another layout is another chance.
        view.RefuseDmaBuf = null;
        fixture.Hub.SetScanout(0, fixture.DmaBufPicture(pages, 0, 25, 12, bands: 1));
        fixture.Flush(0, new Rect(0, 0, 25, 12));
        fixture.RunUntil(() => console.Picture is { Source: RemotePictureSource.DmaBuf, Layout.Width: 25 });
    }

    [Fact]
    public void A_picture_in_bands_is_put_together_by_a_client_that_knows_them()
    {
        using var fixture = new DisplayFixture();
        using var pages = new TestPages(1 << 20);
        DisplayFixture.Fill(pages, 11);
        (RemoteConsole console, RecordingView view) = fixture.Watch(takeDmaBuf: true);
        fixture.Hub.SetScanout(0, fixture.DmaBufPicture(pages, 4096, 61, 47, bands: 3));
        fixture.Flush(0, new Rect(0, 0, 61, 47));
        fixture.RunUntil(() => view.Updates.Count == 1);
        Assert.Equal(3, console.Picture!.DmaBuf!.Bands.Count);
        Assert.Equal(DisplayFixture.Expected(11, 4096, 61, 47), RecordingView.Pixels(console.Picture));
        byte[] part = new byte[20 * 4 * 30];
        console.Picture.CopyTo(new Rect(7, 9, 20, 30), part, 20 * 4);
        byte[] all = DisplayFixture.Expected(11, 4096, 61, 47);
        Assert.Equal([.. Enumerable.Range(9, 30).SelectMany(y => all.AsSpan(((y * 61) + 7) * 4, 80).ToArray())], part);
    }

    [Fact]
    public void A_client_without_bands_gets_a_map_instead()
    {
        using var fixture = new DisplayFixture();
        using var pages = new TestPages(1 << 20);
        using BusConnection main = fixture.ConnectRaw();
        using var listener = new RawListener(
            fixture.Loop, main, Console0, ["org.qemu.Display1.Listener.Unix.Map", "org.qemu.Display1.Listener.Unix.ScanoutDMABUF2"]);
        fixture.Hub.SetScanout(0, fixture.DmaBufPicture(pages, 0, 16, 12, bands: 2));
        fixture.Hub.Commit();
        fixture.RunUntil(() => listener.Calls.Count > 1);
        Assert.Equal(["ScanoutMap", "UpdateMap 0,0 16x12"], listener.Calls.Where(c => c != "Disable"));
        fixture.Hub.SetScanout(0, fixture.DmaBufPicture(pages, 0, 16, 8, bands: 1));
        fixture.Hub.Commit();
        fixture.RunUntil(() => listener.Calls.Contains("UpdateDMABUF 0,0 16x8"));
        Assert.Contains("ScanoutDMABUF2", listener.Calls);
    }

    [Fact]
    public void What_changed_at_the_top_and_at_the_bottom_comes_as_two_places_and_as_one_for_views_that_want_one()
    {
        const int Width = 512, Height = 400;
        using var fixture = new DisplayFixture();
        using var pages = new TestPages(4 << 20);
        using MemoryMapping memory = MemoryMapping.Map(pages.File, 0, 4 << 20, writable: true);
        using Backing backing = pages.Make((0, Width * Height * 4));
        Scanout scanout = fixture.Own(Scanout.OfGuest(FrameLayout.Packed(DrmFormat.XR24, Width, Height), backing, 1, ScanoutKind.Blob));
        fixture.Hub.SetScanout(0, scanout);
        (_, RecordingView plain) = fixture.Watch();
        var view = new PartsView();
        RemoteConsole console = fixture.Connect().Consoles[0];
        console.Watch(view, takeDmaBuf: false);
        fixture.Flush(0, scanout.Layout.Bounds);
        fixture.RunUntil(() => view.Parts.Count > 0);
        fixture.Settle();
        view.Parts.Clear();

        memory.Slice(scanout.Layout.OffsetOf(40, 3), 4).Fill(1);
        memory.Slice(scanout.Layout.OffsetOf(500, 390), 4).Fill(1);
        fixture.Flush(0, scanout.Layout.Bounds);
        fixture.RunUntil(() => view.Parts.Count > 0);
        fixture.Settle();

        Assert.Equal([[new Rect(32, 0, 32, 16), new Rect(480, 384, 32, 16)]], view.Parts);
        Assert.Equal(new Rect(32, 0, 480, 400), plain.Updates[^1]);
        Assert.Equal(2, console.LastFlush?.Count);
    }

    [Fact]
    public void A_listener_that_asks_for_it_is_told_of_the_guest_s_flushes_with_every_update()
    {
        using var fixture = new DisplayFixture();
        using BusConnection main = fixture.ConnectRaw();
        using var listener = new RawListener(fixture.Loop, main, Console0, ["org.qemu.Display1.Listener.Unix.Map", "org.fbshare.Display1.Listener.Flushes"]);
        fixture.Settle();
        fixture.Hub.SetScanout(0, fixture.HostPicture(DrmFormat.XR24, 50, 50, 200, 0, i => 0));
        ulong before = (ulong)EventLoop.Now / 1000;
        fixture.Flush(0, new Rect(0, 0, 50, 50));
        fixture.RunUntil(() => listener.Flushes.Count == 1);
        fixture.Settle();
        // Two while the listener has not answered are told together, the later of them with its time.
        fixture.Flush(0, new Rect(1, 2, 3, 4));
        fixture.Flush(0, new Rect(5, 6, 7, 8));
        ulong between = (ulong)EventLoop.Now / 1000;
        fixture.Flush(0, new Rect(6, 7, 1, 1));
        fixture.RunUntil(() => listener.Flushes.Count == 3);

        Assert.Equal(["Disable", "ScanoutMap", "Flushes.Update 0,0 50x50", "Flushes.Update 1,2 3x4", "Flushes.Update 5,6 7x8"], listener.Calls);
        Assert.Equal([1ul, 2ul, 4ul], listener.Flushes.Select(f => f.Count));
        Assert.InRange(listener.Flushes[0].At, before, between);
        Assert.InRange(listener.Flushes[1].At, listener.Flushes[0].At, between);
        Assert.InRange(listener.Flushes[2].At, between, (ulong)EventLoop.Now / 1000);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_view_learns_when_the_guest_flushed_and_how_often(bool takeDmaBuf)
    {
        using var fixture = new DisplayFixture();
        using var pages = new TestPages(1 << 20);
        (RemoteConsole console, RecordingView view) = fixture.Watch(takeDmaBuf: takeDmaBuf);
        view.IsSlow = true;
        fixture.Settle();
        Assert.Null(console.LastFlush);
        fixture.Hub.SetScanout(0, fixture.DmaBufPicture(pages, 0, 32, 8, bands: 1));
        fixture.Flush(0, new Rect(0, 0, 32, 8));
        fixture.RunUntil(() => view.Updates.Count == 1);
        FlushMark first = fixture.Hub.GetLastFlush(0);
        Assert.Equal(new FlushMark(first.At / 1000 * 1000, 1), console.LastFlush);

        for (int i = 0; i < 5; i++)
        {
            fixture.Flush(0, new Rect(i, 0, 1, 1));
        }
        console.Done();
        fixture.RunUntil(() => view.Updates.Count == 2);
        FlushMark last = fixture.Hub.GetLastFlush(0);
        Assert.Equal(new FlushMark(last.At / 1000 * 1000, 6), console.LastFlush);
        Assert.True(last.At > first.At);
    }

    [Fact]
    public void An_old_listener_gets_the_first_kind_of_dma_buf_and_pixels_when_it_refuses()
    {
        using var fixture = new DisplayFixture();
        using var pages = new TestPages(1 << 20);
        using BusConnection main = fixture.ConnectRaw();
        using var listener = new RawListener(fixture.Loop, main, Console0, interfaces: null);
        fixture.Hub.SetScanout(0, fixture.DmaBufPicture(pages, 0, 16, 12, bands: 1));
        fixture.Hub.Commit();
        fixture.RunUntil(() => listener.Calls.Contains("UpdateDMABUF 0,0 16x12"));
        Assert.Contains("ScanoutDMABUF 16x12 stride 64 0x34325258 modifier 0 top False", listener.Calls);
        Assert.Empty(listener.Pixels);

        listener.Refuses.Add("ScanoutDMABUF");
        fixture.Hub.SetScanout(0, fixture.DmaBufPicture(pages, 0, 16, 11, bands: 1));
        fixture.Hub.Commit();
        fixture.RunUntil(() => listener.Calls.Contains("Scanout 16x11 stride 64 0x20020888"));
        Assert.Contains("ScanoutDMABUF is refused", Assert.Single(fixture.Log), StringComparison.Ordinal);
    }

    [Fact]
    public void A_listener_that_cannot_map_gets_pixels()
    {
        using var fixture = new DisplayFixture();
        using BusConnection main = fixture.ConnectRaw();
        using var listener = new RawListener(fixture.Loop, main, Console0, ["org.qemu.Display1.Listener.Unix.Map"]);
        listener.Refuses.Add("ScanoutMap");
        fixture.Hub.SetScanout(0, fixture.HostPicture(DrmFormat.XR24, 6, 5, 24, 0, i => (byte)i));
        fixture.Hub.Commit();
        fixture.RunUntil(() => listener.Pixels.Count == 1);
        Assert.Equal([.. Enumerable.Range(0, 120).Select(i => (byte)i)], listener.Pixels[0]);
        Assert.Contains("ScanoutMap is refused", Assert.Single(fixture.Log), StringComparison.Ordinal);
    }

    [Fact]
    public void The_pointer_is_told_with_its_picture_also_to_whoever_comes_later()
    {
        using var fixture = new DisplayFixture();
        byte[] pixels = [.. Enumerable.Range(0, 7 * 3 * 4).Select(i => (byte)(i * 3))];
        (RemoteConsole early, RecordingView earlyView) = fixture.Watch();
        fixture.Settle();
        fixture.Hub.DefineCursor(0, new CursorImage(7, 3, 2, 1, pixels));
        fixture.Hub.MoveCursor(0, new CursorPosition(-5, 19, true));
        (RemoteConsole late, RecordingView lateView) = fixture.Watch();
        fixture.RunUntil(() => earlyView.Position is not null && lateView.Position is not null);
        foreach (RecordingView view in (ReadOnlySpan<RecordingView>)[earlyView, lateView])
        {
            Assert.Equal((7, 3, 2, 1), (view.Cursor!.Width, view.Cursor.Height, view.Cursor.HotX, view.Cursor.HotY));
            Assert.Equal(pixels, view.Cursor.Pixels.ToArray());
            Assert.Equal(new CursorPosition(-5, 19, true), view.Position);
        }
        fixture.Hub.DefineCursor(0, null);
        fixture.RunUntil(() => early.CursorPosition is { Visible: false } && late.CursorPosition is { Visible: false });
    }

    [Fact]
    public void A_view_can_change_to_another_path_and_back()
    {
        using var fixture = new DisplayFixture();
        using var pages = new TestPages(1 << 20);
        DisplayFixture.Fill(pages, 2);
        fixture.Hub.SetScanout(0, fixture.DmaBufPicture(pages, 0, 19, 17, bands: 1));
        fixture.Hub.Commit();
        (RemoteConsole console, RecordingView view) = fixture.Watch(takeDmaBuf: true);
        for (int i = 1; i <= 4; i++)
        {
            bool zeroCopy = i % 2 == 1;
            fixture.RunUntil(() => view.Updates.Count == i);
            Assert.Equal(zeroCopy ? RemotePictureSource.DmaBuf : RemotePictureSource.Map, console.Picture!.Source);
            Assert.Equal(DisplayFixture.Expected(2, 0, 19, 17), RecordingView.Pixels(console.Picture));
            console.Unwatch();
            Assert.Equal(i, view.Forgotten);
            console.Watch(view, takeDmaBuf: !zeroCopy);
        }
        fixture.RunUntil(() => fixture.Server.ListenerCount == 1);
    }

    [Fact]
    public void A_disabled_output_shows_nothing_until_there_is_a_picture_again()
    {
        using var fixture = new DisplayFixture();
        (RemoteConsole console, RecordingView view) = fixture.Watch();
        fixture.RunUntil(() => view.Disables == 1);
        fixture.Hub.SetScanout(0, fixture.HostPicture(DrmFormat.XR24, 8, 8, 32, 0, i => 1));
        fixture.Hub.Commit();
        fixture.RunUntil(() => console.Picture is not null && view.Updates.Count == 1);
        fixture.Hub.SetScanout(0, null);
        fixture.RunUntil(() => view.Disables == 2);
        Assert.Null(console.Picture);
        Assert.Equal(1, view.Forgotten);
        fixture.Hub.SetScanout(0, fixture.HostPicture(DrmFormat.XR24, 9, 7, 36, 0, i => 2));
        fixture.Hub.Commit();
        fixture.RunUntil(() => console.Picture is { Layout.Width: 9, Layout.Height: 7 });
    }

    [Fact]
    public void A_client_s_size_goes_to_the_source_and_a_refusal_comes_back()
    {
        using var fixture = new DisplayFixture(outputs: 2);
        DisplayClient client = fixture.Connect();
        string? refused = null;
        client.Consoles[1].InputRefused = refusal => refused = refusal.Reason;
        client.Consoles[1].Resize(1919, 1081);
        fixture.RunUntil(() => fixture.Resizes.Count == 1);
        Assert.Equal((1, 1919, 1081), fixture.Resizes[0]);
        fixture.AllowsResize = false;
        client.Consoles[1].Resize(640, 480);
        fixture.RunUntil(() => refused is not null);
        client.Consoles[1].Resize(100_000, 5);
        fixture.RunUntil(() => refused!.Contains("100000x5", StringComparison.Ordinal));
        Assert.Equal(2, fixture.Resizes.Count);
    }

    [Fact]
    public void Two_outputs_and_two_clients_each_see_their_own()
    {
        using var fixture = new DisplayFixture(outputs: 2);
        fixture.Hub.SetScanout(0, fixture.HostPicture(DrmFormat.XR24, 10, 4, 40, 0, i => 10));
        fixture.Hub.SetScanout(1, fixture.HostPicture(DrmFormat.XR24, 11, 5, 44, 0, i => 20));
        fixture.Hub.Commit();
        (RemoteConsole Console, RecordingView View)[] watched = [fixture.Watch(0), fixture.Watch(1), fixture.Watch(0), fixture.Watch(1)];
        fixture.RunUntil(() => watched.All(w => w.View.Updates.Count == 1));
        foreach ((RemoteConsole console, _) in watched)
        {
            Assert.Equal(console.Id == 0 ? 10 : 11, console.Picture!.Layout.Width);
            Assert.All(RecordingView.Pixels(console.Picture), b => Assert.Equal(console.Id == 0 ? 10 : 20, b));
        }
        Assert.Equal(4, fixture.Server.ListenerCount);
    }

    [Fact]
    public void A_lost_display_is_told_once()
    {
        var fixture = new DisplayFixture();
        using var loop = new EventLoop();
        List<DisplayLoss> lost = [];
        (RemoteConsole console, _) = fixture.Watch();
        console.Client.Lost = lost.Add;
        fixture.Settle();
        fixture.Server.Dispose();
        fixture.RunUntil(() => lost.Count > 0);
        fixture.Settle();
        Assert.Equal(DisplayLossKind.Gone, Assert.Single(lost).Kind);
        fixture.Dispose();
    }

    [Fact]
    public void Nobody_there_is_one_sentence_with_what_to_do()
    {
        using var loop = new EventLoop();
        var e = Assert.Throws<DisplayException>(() => DisplayClient.Connect(loop, new DisplayAddress(DisplayAddressKind.Unix, "/tmp/no-such-fbshare.sock")));
        Assert.Contains("nobody listens at /tmp/no-such-fbshare.sock", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("unix:/run/x", DisplayAddressKind.Unix, "/run/x")]
    [InlineData("qmp:/run/x", DisplayAddressKind.Qmp, "/run/x")]
    [InlineData("dbus:unix:path=/run/bus", DisplayAddressKind.Bus, "unix:path=/run/bus")]
    [InlineData("debian-12", DisplayAddressKind.Name, "debian-12")]
    [InlineData("libvirt:web server", DisplayAddressKind.Libvirt, "web server")]
    public void An_address_is_read_and_written_alike(string text, DisplayAddressKind kind, string target)
    {
        Assert.True(DisplayAddress.TryParse(text, out DisplayAddress? address, out _));
        Assert.Equal(new DisplayAddress(kind, target), address);
        Assert.Equal(text, address.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("unix:")]
    [InlineData(":x")]
    [InlineData("vnc:localhost")]
    [InlineData("/run/x")]
    [InlineData("fbshare:")]
    [InlineData("fbshare:..%2fx")]
    [InlineData("libvirt:")]
    public void Another_text_is_no_address(string text)
    {
        Assert.False(DisplayAddress.TryParse(text, out _, out string? why));
        Assert.Contains("unix:PATH", why, StringComparison.Ordinal);
    }

    /// <summary>Notes the places of every update.</summary>
    private sealed class PartsView : IDisplayView
    {
        public List<Rect[]> Parts { get; } = [];

        public string? Show(RemotePicture picture) => null;

        public bool Update(Rect damage) => throw new InvalidOperationException("the other one was to be told");

        public bool Update(ReadOnlySpan<Rect> parts)
        {
            Parts.Add(parts.ToArray());
            return true;
        }

        public void Forget(RemotePicture picture)
        {
        }

        public void Disable()
        {
        }

        public void DefineCursor(CursorImage image)
        {
        }

        public void MoveCursor(CursorPosition position)
        {
        }
    }
}
