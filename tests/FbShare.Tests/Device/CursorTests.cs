using FbShare.Pictures;
using FbShare.VirtioGpu;
using static FbShare.Rig.Driver.Commands;

namespace FbShare.Tests.Device;

public class CursorTests : OverTransport
{
    [Theory]
    [InlineData(false, 0, false)]
    [InlineData(false, 0, true)]
    [InlineData(false, 6, false)]
    [InlineData(false, 1, false)]
    [InlineData(false, 3, false)]
    [InlineData(true, 0, false)]
    public void A_pointer_comes_with_its_picture_hot_spot_and_place(bool blob, int format, bool zeroCopy)
    {
        using var device = NewDevice(new GpuOptions { RefreshHz = null, ZeroCopy2D = zeroCopy });
        Screen screen = device.Watch();
        (uint virtio, _, string order) = Reference.Formats[format];
        var pages = Reference.Scatter(16384, 1, seed: 2);
        // Formats without alpha carry a pointer's alpha all the same: Linux has no other 2D resources.
        Reference.Draw(device.Ram, pages, order.Replace('-', 'A'), 64, 64, 256, 0, seed: 7);
        if (blob)
        {
            device.DoAll(CreateBlob(5, 16384, pages));
        }
        else
        {
            device.DoAll(Create2D(5, virtio, 64, 64), Attach(5, pages), Transfer(5, 0, 0, 64, 64, 0));
        }

        device.Driver.RequestCursor(UpdateCursor(0, 100, 50, 5, 3, 9));

        CursorImage cursor = device.OnLoop(() => screen.Cursor!);
        Assert.Equal((64, 64, 3, 9), (cursor.Width, cursor.Height, cursor.HotX, cursor.HotY));
        for (int y = 0; y < 64; y++)
        {
            Assert.True(Reference.Row("BGRA", 0, 64, y, seed: 7).AsSpan().SequenceEqual(cursor.Pixels.Span.Slice(y * 256, 256)), $"row {y}");
        }
        Assert.Equal(new CursorPosition(100, 50, true), screen.CursorPosition);

        device.Driver.RequestCursor(MoveCursor(0, -7, 1000));
        Assert.Equal(new CursorPosition(-7, 1000, true), device.OnLoop(() => screen.CursorPosition));
        device.Driver.RequestCursor(UpdateCursor(0, 0, 0, 0, 0, 0));
        Assert.Null(device.OnLoop(() => screen.Cursor));
        Assert.False(screen.CursorPosition.Visible);
    }

    [Fact]
    public void Bad_pointers_change_nothing()
    {
        using var device = NewDevice();
        Screen screen = device.Watch();
        device.DoAll(Create2D(1, 2, 63, 64), CreateBlob(2, 16383, (4 << 20, 16384)), CreateBlob(3, 16384));
        foreach (byte[] bad in (byte[][])[UpdateCursor(0, 0, 0, 1, 0, 0), UpdateCursor(0, 0, 0, 2, 0, 0), UpdateCursor(0, 0, 0, 3, 0, 0), UpdateCursor(0, 0, 0, 9, 0, 0), UpdateCursor(1, 0, 0, 1, 0, 0), Bytes(0x302, 0), []])
        {
            if (bad.Length > 0)
            {
                device.Driver.RequestCursor(bad);
            }
        }
        Assert.Null(device.OnLoop(() => screen.Cursor));
        Assert.Contains(device.Log, line => line.Contains("UpdateCursor: ErrInvalidScanoutId", StringComparison.Ordinal));
    }
}
