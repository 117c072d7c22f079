using FbShare.Display;
using FbShare.Linux;
using FbShare.Memory;
using FbShare.Pictures;
using FbShare.Tests.Device;
using FbShare.Tests.Memory;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace FbShare.Tests.Display;

/// <summary>The copy that consumers share: who reads it, and what is written when.</summary>
public sealed class PictureCopyTests : IDisposable
{
    private const int Width = 32, Height = 32, Size = Width * Height * 4;

    private readonly TestPages _pages = new(1 << 20);
    private readonly MemoryMapping _guest;
    private readonly Backing _backing;
    private readonly Scanout _scanout;
    private readonly DisplayHub _hub = new(1, new DmaBufExporter(new PathRequest(FramePath.Copy), NullLogger.Instance));

    public PictureCopyTests()
    {
        _guest = MemoryMapping.Map(_pages.File, 0, Size, writable: true);
        _backing = _pages.Make((0, Size));
        _scanout = Scanout.OfGuest(FrameLayout.Packed(DrmFormat.XR24, Width, Height), _backing, 1, ScanoutKind.Blob);
        _hub.SetScanout(0, _scanout);
        _hub.Commit();
    }

    public void Dispose()
    {
        _hub.Dispose();
        _scanout.Dispose();
        _backing.Dispose();
        _guest.Dispose();
        _pages.Dispose();
    }

    [Fact]
    public void What_somebody_reads_is_not_written_while_others_see_what_is_new()
    {
        Draw(1);
        Screen slow = Attach(isSlow: true), quick = Attach();
        byte[] read = Pixels(slow);

        for (byte frame = 2; frame < 20; frame++)
        {
            Draw(frame);
            _hub.Flush(0, new Rect(frame, 3, 5, 7));

            Assert.Equal(Expected(frame), Pixels(quick).AsSpan(Offset(frame, 3), 4).ToArray());
            Assert.Equal(read, Pixels(slow));
        }

        slow.GiveBack();
        Assert.Equal(Expected(19), Pixels(slow).AsSpan(Offset(19, 3), 4).ToArray());
        Assert.Equal(Pixels(quick), Pixels(slow));
    }

    [Fact]
    public void One_that_is_slow_does_not_have_more_than_the_damage_copied_twice()
    {
        Screen slow = Attach(isSlow: true);
        Attach();
        _hub.Flush(0, new Rect(0, 0, 1, 1));
        long before = _hub.BytesCopied;

        for (int i = 0; i < 100; i++)
        {
            _hub.Flush(0, new Rect(5, 5, 3, 2));
        }

        Assert.Equal(100 * 3 * 2 * 4, _hub.BytesCopied - before);
        slow.GiveBack();
        Assert.Equal(100 * 3 * 2 * 4, _hub.BytesCopied - before);
    }

    [Fact]
    public void Readers_that_all_keep_up_share_one_buffer()
    {
        Screen[] screens = [Attach(), Attach(), Attach()];
        FrameBuffer buffer = screens[0].Buffer!;
        long before = _hub.BytesCopied;
        for (int i = 0; i < 10; i++)
        {
            _hub.Flush(0, _scanout.Layout.Bounds);
            Assert.All(screens, s => Assert.Same(buffer, s.Buffer));
        }
        Assert.Equal(10 * Size, _hub.BytesCopied - before);
    }

    [Fact]
    public void While_every_buffer_is_read_others_wait_for_the_first_that_is_free()
    {
        var readers = new List<Screen>();
        for (byte frame = 1; frame <= 3; frame++)
        {
            Draw(frame);
            _hub.Flush(0, _scanout.Layout.Bounds);
            readers.Add(Attach(isSlow: true));
        }
        Assert.Equal(3, readers.Select(r => r.Buffer).Distinct().Count());
        Draw(4);
        _hub.Flush(0, _scanout.Layout.Bounds);
        Screen last = Attach();
        Assert.Empty(last.Events);

        readers[1].Slow = false;
        readers[1].GiveBack();

        Assert.Equal(Expected(4), Pixels(last)[..4]);
        Assert.Equal(Expected(4), Pixels(readers[1])[..4]);
        Assert.Equal(Expected(1), Pixels(readers[0])[..4]);
        Assert.Equal(Expected(3), Pixels(readers[2])[..4]);
    }

    [Fact]
    public void A_flush_of_everything_tells_of_what_looks_different_only()
    {
        Screen first = Attach(), second = Attach(isSlow: true);
        second.GiveBack();
        _guest.Slice(Offset(7, 5), 4).Fill(9);
        _guest.Slice(Offset(3, 8), 4).Fill(9);
        _hub.Flush(0, _scanout.Layout.Bounds);

        // Blocks of 128 bytes are compared, here that is a row, and bands of 16 rows told of.
        Assert.Equal("update 32x16+0+0", first.Events[^1]);
        Assert.Equal("update 32x16+0+0", second.Events[^1]);
        second.GiveBack();

        // Nothing: told of all the same, by a pixel.
        _hub.Flush(0, new Rect(2, 3, 20, 20));
        Assert.Equal("update 1x1+2+3", first.Events[^1]);
    }

    [Fact]
    public void Whoever_looked_longer_ago_is_told_of_more_and_sees_everything()
    {
        var random = new Random(5);
        Screen[] screens = [Attach(), Attach(isSlow: true), Attach(isSlow: true)];
        for (int i = 0; i < 1000; i++)
        {
            for (int n = random.Next(4); n > 0; n--)
            {
                _guest.Slice(Offset(random.Next(Width), random.Next(Height)), 4).Fill((byte)i);
            }
            _hub.Flush(0, _scanout.Layout.Bounds);
            Screen done = screens[random.Next(screens.Length)];
            done.GiveBack();
            Assert.Equal(_guest.Slice(0, Size).ToArray(), All(screens[0]));
            Assert.Equal(_guest.Slice(0, Size).ToArray(), All(done));
        }

        static byte[] All(Screen screen)
        {
            var all = new byte[Size];
            for (int y = 0; y < Height; y++)
            {
                screen.Row(y).CopyTo(all.AsSpan(y * Width * 4));
            }
            return all;
        }
    }

    [Fact]
    public void In_a_film_comparing_is_left_out_and_comes_back_after_it()
    {
        Screen screen = Attach();
        for (byte frame = 1; frame <= 100; frame++)
        {
            Draw(frame);
            _hub.Flush(0, _scanout.Layout.Bounds);
            Assert.Equal("update 32x32+0+0", screen.Events[^1]);
            Assert.Equal(Expected(frame), screen.Row(31)[..4].ToArray());
        }

        // A still picture that is flushed again: found out after a while, and then each time.
        int told = 0;
        while (screen.Events[^1] != "update 1x1+0+0")
        {
            _hub.Flush(0, _scanout.Layout.Bounds);
            Assert.InRange(++told, 1, 40);
        }
        _guest.Slice(Offset(0, 31), 4).Fill(1);
        _hub.Flush(0, _scanout.Layout.Bounds);
        Assert.Equal("update 32x16+0+16", screen.Events[^1]);
    }

    [Fact]
    public void Buffers_are_charged_to_the_source_and_let_go_when_one_is_enough_again()
    {
        var source = new Source();
        _hub.Source = source;
        Screen slow = Attach(isSlow: true), quick = Attach();
        _hub.Flush(0, new Rect(0, 0, 1, 1));
        Assert.Equal(2 * Size, source.HostMemory.Used);

        slow.Slow = false;
        slow.GiveBack();
        for (int i = 0; i < 1000; i++)
        {
            _hub.Flush(0, new Rect(0, 0, 1, 1));
        }
        Assert.Equal(Size, source.HostMemory.Used);

        _hub.Detach(0, slow);
        _hub.Detach(0, quick);
        Assert.Equal(0, source.HostMemory.Used);
    }

    [Fact]
    public void A_picture_that_begins_within_a_page_of_host_memory_is_copied_for_those_who_map_it_where_it_begins()
    {
        FrameLayout wide = FrameLayout.Packed(DrmFormat.XR24, 100, 50);
        using var host = new FrameBuffer(wide.End);
        host.Slice(0, (int)wide.End).Fill(7);
        host.Slice(wide.OffsetOf(50, 0), 4).Fill(8);
        using Scanout right = Scanout.OfHost(wide.Crop(new Rect(50, 0, 50, 50)), host, 2, origin: (50, 0));
        var anywhere = new Screen();
        var atPages = new Screen { Forms = PictureForms.None };
        _hub.Attach(0, anywhere);
        _hub.Attach(0, atPages);
        _hub.SetScanout(0, right);
        _hub.Commit();

        Assert.Same(host, anywhere.Buffer);
        Assert.Equal(right.Layout, anywhere.Layout);
        Assert.NotSame(host, atPages.Buffer);
        Assert.Equal(FrameLayout.Packed(DrmFormat.XR24, 50, 50), atPages.Layout);
        Assert.Equal(anywhere.Row(0).ToArray(), atPages.Row(0).ToArray());
        Assert.Equal(8, atPages.Row(0)[0]);
    }

    [Fact]
    public void Consumers_of_a_picture_that_was_mapped_see_the_next_one_that_cannot_be()
    {
        using var hub = new DisplayHub(1, new DmaBufExporter(new PathRequest(FramePath.Mmap), NullLogger.Instance, () => UdmaBufDevice.Open("/dev/no-such-udmabuf")));
        var band = new DmaBufBand(MemFd.Create("stand-in", Size), 0, Height, Width * 4, 0, Size);
        _scanout.Export = new DmaBufExport(new DmaBufFrame(DrmFormat.XR24, Width, Height, [band]));
        using Backing other = _pages.Make((65536, Size));
        using Scanout refused = Scanout.OfGuest(_scanout.Layout, other, 2, ScanoutKind.Blob);
        Draw(5);
        Screen[] screens = [new(), new()];
        hub.SetScanout(0, _scanout);
        hub.Commit();
        Array.ForEach(screens, s => hub.Attach(0, s));
        Assert.All(screens, s => Assert.Equal(Expected(5), Pixels(s)[..4]));

        hub.SetScanout(0, refused);
        hub.Flush(0, refused.Layout.Bounds);

        Assert.All(screens, s => Assert.Equal(new byte[Size], Pixels(s)));
        Assert.Equal(FramePath.Copy, hub.GetPath(0)!.Path);
    }

    [Fact]
    public void A_reading_outlives_a_disabled_output_and_the_next_picture_comes_after_it()
    {
        Screen slow = Attach(isSlow: true);
        _hub.SetScanout(0, null);
        Assert.Equal("disable", slow.Events[^1]);
        _hub.SetScanout(0, _scanout);
        _hub.Flush(0, _scanout.Layout.Bounds);
        Assert.Equal("disable", slow.Events[^1]);

        slow.GiveBack();
        Assert.Equal(["show 32x32", "update 32x32+0+0"], slow.Events[^2..]);
    }

    private Screen Attach(bool isSlow = false)
    {
        var screen = new Screen { Slow = isSlow };
        _hub.Attach(0, screen);
        return screen;
    }

    private void Draw(byte frame) => _guest.Slice(0, Size).Fill(frame);

    private static byte[] Expected(byte frame) => [frame, frame, frame, frame];

    private static int Offset(int x, int y) => ((y * Width) + x) * 4;

    /// <summary>What is in the buffer that a screen was given, now.</summary>
    private static byte[] Pixels(Screen screen) => screen.Buffer!.Slice(0, Size).ToArray();

    private sealed class Source : IScanoutSource
    {
        public HostBudget HostMemory { get; } = new(1 << 20);

        public bool Resize(int output, int width, int height) => false;

        public void PictureWanted(int output)
        {
        }
    }
}
