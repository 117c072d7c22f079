using FbShare.Capture;
using FbShare.Pictures;

namespace FbShare.Testing.Needles;

/// <summary>Compares parts of two pictures pixel by pixel, whatever their formats.</summary>
internal static class PixelComparer
{
    /// <summary>Compares.</summary>
    /// <param name="screen">One picture.</param>
    /// <param name="expected">The other.</param>
    /// <param name="part">Inside <paramref name="expected"/>.</param>
    /// <param name="dx">How much farther right the part is in <paramref name="screen"/>, where it is inside too.</param>
    /// <param name="dy">How much farther down.</param>
    /// <param name="channel">By how much red, green or blue may be off without counting.</param>
    /// <param name="most">Stop when more pixels than this differ.</param>
    /// <param name="differs">Told of every pixel that differs, in the expected picture's coordinates; null: nobody.</param>
    /// <returns>How many differ; where, in the expected picture's coordinates; and the largest difference of one component.</returns>
    public static (long Count, Rect Area, (int X, int Y) First, int MaxDelta) Compare(
        Picture screen, Picture expected, Rect part, int dx, int dy, int channel, long most, Action<int, int>? differs = null)
    {
        long count = 0;
        Rect area = default;
        (int X, int Y) first = default;
        int maxDelta = 0;
        byte[]? converted = screen.Format == expected.Format ? null : new byte[part.Width * DrmFormats.BytesPerPixel];
        var order = expected.Format.ByteOrder();
        for (int y = part.Y; y < part.Bottom && count <= most; y++)
        {
            ReadOnlySpan<byte> actual = Row(screen, part.X + dx, y + dy, part.Width);
            ReadOnlySpan<byte> wanted = Row(expected, part.X, y, part.Width);
            if (converted is not null)
            {
                PixelConversion.Convert(actual, screen.Format, converted, expected.Format);
                actual = converted;
            }
            if (VisiblePixels.AreEqual(actual, wanted, expected.Format))
            {
                continue;
            }
            for (int x = 0; x < part.Width; x++)
            {
                int at = x * DrmFormats.BytesPerPixel;
                int delta = Math.Max(
                    Math.Abs(actual[at + order.Red] - wanted[at + order.Red]),
                    Math.Max(Math.Abs(actual[at + order.Green] - wanted[at + order.Green]), Math.Abs(actual[at + order.Blue] - wanted[at + order.Blue])));
                if (delta <= channel)
                {
                    continue;
                }
                if (count++ == 0)
                {
                    first = (part.X + x, y);
                }
                area = area.Union(new Rect(part.X + x, y, 1, 1));
                maxDelta = Math.Max(maxDelta, delta);
                differs?.Invoke(part.X + x, y);
            }
        }
        return (count, area, first, maxDelta);
    }

    private static ReadOnlySpan<byte> Row(Picture picture, int x, int y, int width) =>
        picture.Pixels.Slice((int)picture.Layout.OffsetOf(x, y), width * DrmFormats.BytesPerPixel);
}
