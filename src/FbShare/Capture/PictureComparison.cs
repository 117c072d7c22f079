using FbShare.Pictures;

namespace FbShare.Capture;

/// <summary>How two pictures differ on a screen: in red, green and blue. Alpha does not count, and the formats may differ.</summary>
/// <param name="SameSize">Whether the sizes are equal; if not, the other values mean nothing.</param>
/// <param name="DifferentPixels">How many pixels differ.</param>
/// <param name="First">The first of them, row by row from the top.</param>
/// <param name="Area">The smallest rectangle that holds them all.</param>
/// <param name="MaxDelta">The largest difference of one component, 0 to 255.</param>
public readonly record struct PictureComparison(bool SameSize, int DifferentPixels, (int X, int Y) First, Rect Area, int MaxDelta)
{
    /// <summary>Whether both have the same size and no pixel differs.</summary>
    public bool AreEqual => SameSize && DifferentPixels == 0;

    /// <summary>Compares two pictures pixel by pixel, whatever their formats.</summary>
    public static PictureComparison Compare(Picture one, Picture other)
    {
        if (one.Width != other.Width || one.Height != other.Height)
        {
            return default;
        }
        if (one.Format == other.Format && one.Pixels.SequenceEqual(other.Pixels))
        {
            return new PictureComparison(true, 0, default, default, 0);
        }
        byte[] a = one.ToRgb();
        byte[] b = other.ToRgb();
        int count = 0;
        int maxDelta = 0;
        (int X, int Y) first = default;
        Rect area = default;
        for (int pixel = a.AsSpan().CommonPrefixLength(b) / 3; pixel * 3 < a.Length; pixel++)
        {
            int at = pixel * 3;
            int delta = Math.Max(Math.Abs(a[at] - b[at]), Math.Max(Math.Abs(a[at + 1] - b[at + 1]), Math.Abs(a[at + 2] - b[at + 2])));
            if (delta == 0)
            {
                continue;
            }
            (int x, int y) = (pixel % one.Width, pixel / one.Width);
            if (count++ == 0)
            {
                first = (x, y);
            }
            area = area.Union(new Rect(x, y, 1, 1));
            maxDelta = Math.Max(maxDelta, delta);
        }
        return new PictureComparison(true, count, first, area, maxDelta);
    }

    /// <summary>In words, for messages.</summary>
    public override string ToString() => this switch
    {
        { SameSize: false } => "the sizes differ",
        { DifferentPixels: 0 } => "equal",
        _ => $"{DifferentPixels} pixels differ by up to {MaxDelta}, the first at ({First.X}, {First.Y}), all inside {Area}",
    };
}
