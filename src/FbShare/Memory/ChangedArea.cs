using FbShare.Pictures;

namespace FbShare.Memory;

/// <summary>Where a picture turned out to have changed while it was copied over its earlier self: the smallest rectangle around it, but for some
/// pixels, since whole blocks of bytes are compared.</summary>
/// <param name="stride">Bytes from row to row of the copy.</param>
internal struct ChangedArea(int stride)
{
    private int _left = int.MaxValue;
    private int _top = int.MaxValue;
    private int _right;
    private int _bottom;

    /// <summary>Empty if nothing changed.</summary>
    public readonly Rect Area => _right == 0 ? default : new Rect(_left, _top, _right - _left, _bottom - _top);

    /// <summary>Some bytes changed.</summary>
    /// <param name="at">From the first pixel's first byte on.</param>
    /// <param name="count">At least one.</param>
    public void Add(long at, int count)
    {
        (long first, long column) = Math.DivRem(at, stride);
        (long last, long lastColumn) = Math.DivRem(at + count - 1, stride);
        _top = Math.Min(_top, (int)first);
        _bottom = Math.Max(_bottom, (int)last + 1);
        // What goes on in the next row touches both edges.
        _left = last > first ? 0 : Math.Min(_left, (int)column / DrmFormats.BytesPerPixel);
        _right = last > first ? stride / DrmFormats.BytesPerPixel : Math.Max(_right, ((int)lastColumn / DrmFormats.BytesPerPixel) + 1);
    }
}
