using FbShare.Display;
using FbShare.Linux;
using FbShare.Memory;
using FbShare.Tests.Device;
using FbShare.Tests.Memory;

namespace FbShare.Tests.Display;

/// <summary>What consumers of the copy are told of a guest that flips between two buffers and says that all has changed.</summary>
public sealed class DisplayHubTests : IDisposable
{
    private const int Width = 64;
    private const int Height = 48;
    private const int RowBytes = Width * 4;
    private const int BufferBytes = 16384;

    private readonly TestPages _pages = new(1 << 20);
    private readonly MemoryMapping _guest;
    private readonly Backing[] _backings;
    private readonly Scanout[] _buffers;
    private readonly DisplayHub _hub = new(1);
    private int _flips;

    public DisplayHubTests()
    {
        _guest = MemoryMapping.Map(_pages.File, 0, 1 << 20, writable: true);
        _backings = [_pages.Make((0, BufferBytes)), _pages.Make((BufferBytes, BufferBytes))];
        _buffers = [.. _backings.Select((b, i) => Scanout.OfGuest(FrameLayout.Packed(DrmFormat.XR24, Width, Height), b, (uint)i + 1, ScanoutKind.Blob))];
        _guest.Slice(0, 2 * BufferBytes).Fill(50);
    }

    [Fact]
    public void A_flip_copies_and_tells_what_differs()
    {
        var screen = new Screen();
        _hub.Attach(0, screen);
        Flip();
        Assert.Equal(["update 64x48+0+0"], Updates(screen));
        long before = _hub.BytesCopied;

        Paint(new Rect(8, 10, 16, 5), 60);
        Flip();
        Assert.Equal(["update 16x5+8+10"], Updates(screen));
        Assert.Equal(16 * 5 * 4, _hub.BytesCopied - before);

        // The other buffer has not got that rectangle yet.
        Paint(new Rect(40, 20, 16, 5), 70);
        Flip();
        Assert.Equal(["update 48x15+8+10"], Updates(screen));
        AssertIsNow(screen);
    }

    [Fact]
    public void A_flip_to_the_same_pixels_is_not_told()
    {
        var screen = new Screen();
        _hub.Attach(0, screen);
        Flip();
        Updates(screen);
        long before = _hub.BytesCopied;
        for (int i = 0; i < 10; i++)
        {
            Flip();
        }
        Assert.Empty(Updates(screen));
        Assert.Equal(before, _hub.BytesCopied);
        Assert.Equal(11, _hub.GetLastFlush(0).Count);
    }

    [Fact]
    public void One_that_reads_is_told_afterwards_what_changed_for_the_others_and_since()
    {
        var quick = new Screen();
        var slow = new Screen { Slow = true };
        _hub.Attach(0, quick);
        _hub.Attach(0, slow);
        Flip();
        Updates(quick);
        Updates(slow);

        Paint(new Rect(0, 4, 8, 2), 60);
        Flip();
        Assert.Equal(["update 8x2+0+4"], Updates(quick));
        Assert.Empty(Updates(slow));
        quick.Slow = true;
        Paint(new Rect(0, 4, 8, 2), 60);
        Paint(new Rect(16, 30, 8, 2), 70);
        Flip();
        Assert.Equal(["update 8x2+16+30"], Updates(quick));
        Paint(new Rect(0, 4, 8, 2), 60);
        Paint(new Rect(16, 30, 8, 2), 70);
        Paint(new Rect(32, 10, 8, 2), 80);
        Flip();
        Assert.Empty(Updates(quick));
        Assert.Empty(Updates(slow));

        _hub.Done(0, slow);
        Assert.Equal(["update 40x28+0+4"], Updates(slow));
        AssertIsNow(slow);
        _hub.Done(0, quick);
        Assert.Equal(["update 8x2+32+10"], Updates(quick));
        AssertIsNow(quick);
    }

    [Fact]
    public void One_that_comes_later_or_is_shown_the_picture_again_is_told_all()
    {
        var first = new Screen();
        _hub.Attach(0, first);
        Flip();
        Updates(first);
        var second = new Screen();
        _hub.Attach(0, second);
        Assert.Equal(["update 64x48+0+0"], Updates(second));
        _hub.PathChanged(0, second);
        Assert.Equal(["update 64x48+0+0"], Updates(second));
        _hub.SetScanout(0, null);
        Flip();
        Assert.Equal(["update 64x48+0+0"], Updates(second));
        Assert.Equal(["update 64x48+0+0"], Updates(first));
        AssertIsNow(first);
        AssertIsNow(second);
    }

    public void Dispose()
    {
        _hub.Dispose();
        foreach (Scanout buffer in _buffers)
        {
            buffer.Dispose();
        }
        foreach (Backing backing in _backings)
        {
            backing.Dispose();
        }
        _guest.Dispose();
        _pages.Dispose();
    }

    private int Back => _flips % 2;

    private void Flip()
    {
        _hub.SetScanout(0, _buffers[Back]);
        _flips++;
        _hub.Flush(0, new Rect(0, 0, Width, Height));
    }

    /// <summary>Paints into the buffer that the next flip shows.</summary>
    private void Paint(Rect area, byte value)
    {
        for (int y = area.Y; y < area.Bottom; y++)
        {
            _guest.Slice((Back * BufferBytes) + (y * RowBytes) + (area.X * 4), area.Width * 4).Fill(value);
        }
    }

    private void AssertIsNow(Screen screen)
    {
        for (int y = 0; y < Height; y++)
        {
            Assert.Equal(_guest.Slice(((_flips - 1) % 2 * BufferBytes) + (y * RowBytes), RowBytes), screen.Row(y));
        }
    }

    private static string[] Updates(Screen screen)
    {
        string[] updates = [.. screen.Events.Where(e => e.StartsWith("update", StringComparison.Ordinal))];
        screen.Events.Clear();
        return updates;
    }
}
