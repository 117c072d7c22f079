using FbShare.Display;
using FbShare.Memory;
using FbShare.Pictures;

namespace FbShare.Tests.Device;

/// <summary>A consumer that keeps what it is shown.</summary>
internal sealed class Screen : IDisplayConsumer
{
    private byte[] _pixels = [];

    public List<string> Events { get; } = [];

    public FrameLayout Layout { get; private set; }

    public Scanout? Scanout { get; private set; }

    public FrameBuffer? Buffer { get; private set; }

    public CursorImage? Cursor { get; private set; }

    public CursorPosition CursorPosition { get; private set; }

    /// <summary>Answer every update with "still reading".</summary>
    public bool Slow { get; set; }

    public bool TakesDmaBuf { get; set; }

    public ReadOnlySpan<byte> Row(int y) => _pixels.AsSpan(y * Layout.RowBytes, Layout.RowBytes);

    public void ShowDmaBuf(Scanout scanout, DmaBufFrame frame)
    {
        Events.Add($"show dma-buf {frame.Width}x{frame.Height}");
        (Scanout, Buffer, Layout) = (scanout, null, default);
    }

    public void ShowBuffer(Scanout scanout, FrameBuffer buffer, FrameLayout layout)
    {
        Events.Add($"show {layout.Width}x{layout.Height}");
        (Scanout, Buffer, Layout) = (scanout, buffer, layout);
        _pixels = new byte[layout.RowBytes * layout.Height];
    }

    public void Disable()
    {
        Events.Add("disable");
        (Scanout, Buffer) = (null, null);
    }

    public bool Update(Rect damage)
    {
        Events.Add($"update {damage}");
        for (int y = damage.Y; Buffer is not null && y < damage.Bottom; y++)
        {
            Buffer.Slice(Layout.OffsetOf(damage.X, y), damage.Width * 4).CopyTo(_pixels.AsSpan((y * Layout.RowBytes) + (damage.X * 4)));
        }
        return Slow;
    }

    public void DefineCursor(CursorImage? image) => Cursor = image;

    public void MoveCursor(CursorPosition position) => CursorPosition = position;
}
