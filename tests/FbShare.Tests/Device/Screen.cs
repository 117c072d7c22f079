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

    /// <summary>Keep the lease of every frame until <see cref="GiveBack"/>.</summary>
    public bool Slow { get; set; }

    /// <summary>The last lease that was kept.</summary>
    public FrameLease Lease { get; private set; }

    public bool TakesDmaBuf { get; set; }

    /// <summary>What it takes besides.</summary>
    public PictureForms Forms { get; set; } = PictureForms.BufferAnywhere;

    public ReadOnlySpan<byte> Row(int y) => _pixels.AsSpan(y * Layout.RowBytes, Layout.RowBytes);

    public PictureForms Takes(FrameLayout picture) => TakesDmaBuf ? PictureForms.All : Forms;

    public void Present(in Frame frame)
    {
        if (frame.IsNew)
        {
            Events.Add(frame.DmaBuf is { } dmaBuf ? $"show dma-buf {dmaBuf.Width}x{dmaBuf.Height}" : $"show {frame.Layout.Width}x{frame.Layout.Height}");
            _pixels = frame.Buffer is null ? [] : new byte[frame.Layout.RowBytes * frame.Layout.Height];
        }
        (Scanout, Buffer, Layout) = (frame.Scanout, frame.Buffer, frame.Buffer is null ? default : frame.Layout);
        Rect damage = frame.Damage;
        Events.Add($"update {damage}");
        for (int y = damage.Y; Buffer is not null && y < damage.Bottom; y++)
        {
            Buffer.Slice(Layout.OffsetOf(damage.X, y), damage.Width * 4).CopyTo(_pixels.AsSpan((y * Layout.RowBytes) + (damage.X * 4)));
        }
        if (Slow)
        {
            Lease = frame.Keep();
        }
    }

    public void GiveBack() => Lease.GiveBack();

    public void Disable()
    {
        Events.Add("disable");
        (Scanout, Buffer) = (null, null);
    }

    public void DefineCursor(CursorImage? image) => Cursor = image;

    public void MoveCursor(CursorPosition position) => CursorPosition = position;
}
