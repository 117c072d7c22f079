using FbShare.Capture;
using FbShare.Display.Client;
using FbShare.Linux;
using FbShare.Pictures;

namespace FbShare.Testing.Screens;

/// <summary>A copy of what an output shows, kept up to date by what its display says has changed.</summary>
/// <remarks>Changes are read while the display waits for the answer, so that the copy is one frame and never half of the next.</remarks>
internal sealed class LivePicture
{
    private byte[] _pixels = [];
    private byte[] _before = [];
    private RemotePicture? _from;
    private bool _isNew;

    /// <summary>The picture; null while the output shows nothing. Changes with every <see cref="Take"/>: who keeps it copies it.</summary>
    public Picture? Picture { get; private set; }

    /// <summary>The part that the last <see cref="Take"/> read again.</summary>
    public Rect Damage { get; private set; }

    /// <summary>Whether a pixel looks different since the last <see cref="Take"/>.</summary>
    public bool LooksDifferent { get; private set; }

    /// <summary>What was taken last is not shown to anybody, at least not yet. Where it never is, the next <see cref="Take"/> takes its place, and
    /// tells the difference from the frame before it.</summary>
    public bool IsSetAside { get; set; }

    /// <summary>Copies what changed.</summary>
    /// <param name="damage">Inside the picture.</param>
    /// <exception cref="LinuxException">The bytes cannot be read.</exception>
    public void Take(RemotePicture from, Rect damage)
    {
        FrameLayout layout = from.Layout;
        Rect aside = IsSetAside ? Damage : default;
        _isNew = (IsSetAside && _isNew) || Picture is null || Picture.Format != layout.Format || Picture.Width != layout.Width || Picture.Height != layout.Height;
        // What another buffer holds outside of the damage is not known.
        Damage = _isNew || !ReferenceEquals(_from, from) ? layout.Bounds : damage.Union(aside);
        _from = from;
        IsSetAside = false;
        if (_isNew)
        {
            _pixels = GC.AllocateUninitializedArray<byte>(layout.RowBytes * layout.Height);
            _before = GC.AllocateUninitializedArray<byte>(_pixels.Length);
            Picture = new Picture(layout.Format, layout.Width, layout.Height, _pixels);
        }
        else
        {
            KeepBefore(aside);
        }
        from.CopyTo(Damage, _pixels.AsSpan((int)Picture!.Layout.OffsetOf(Damage.X, Damage.Y)), Picture.Layout.Stride);
        LooksDifferent = _isNew || Differs(Damage);
    }

    /// <summary>The output shows nothing.</summary>
    public void Clear()
    {
        Picture = null;
        IsSetAside = false;
        _from = null;
    }

    /// <summary>The buffer is going away, and another may take its place in memory.</summary>
    public void Forget(RemotePicture gone)
    {
        if (ReferenceEquals(_from, gone))
        {
            _from = null;
        }
    }

    /// <summary>Whether the last <see cref="Take"/> changed what one of these parts of the picture looks like.</summary>
    public bool ChangedIn(List<Rect> parts)
    {
        foreach (Rect part in parts)
        {
            Rect seen = part.Intersect(Damage);
            if (!seen.IsEmpty && (_isNew || Differs(seen)))
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>Keeps what is about to be read again as it was before.</summary>
    /// <param name="aside">The part of it of which that is kept already.</param>
    private void KeepBefore(Rect aside)
    {
        for (int y = Damage.Y; y < Damage.Bottom; y++)
        {
            bool isAside = y >= aside.Y && y < aside.Bottom;
            int gap = isAside ? aside.X : Damage.Right;
            int after = isAside ? aside.Right : Damage.Right;
            Keep(new Rect(Damage.X, y, gap - Damage.X, 1));
            Keep(new Rect(after, y, Damage.Right - after, 1));
        }
        void Keep(Rect part) => Row(_pixels, part, part.Y).CopyTo(Row(_before, part, part.Y));
    }

    private bool Differs(Rect area)
    {
        DrmFormat format = Picture!.Format;
        for (int y = area.Y; y < area.Bottom; y++)
        {
            if (!VisiblePixels.AreEqual(Row(_pixels, area, y), Row(_before, area, y), format))
            {
                return true;
            }
        }
        return false;
    }

    private Span<byte> Row(byte[] pixels, Rect area, int y) =>
        pixels.AsSpan((int)Picture!.Layout.OffsetOf(area.X, y), area.Width * DrmFormats.BytesPerPixel);
}
