namespace FbShare.Display;

/// <summary>Pixels from one byte order to another.</summary>
public static class PixelConversion
{
    /// <summary>Writes a row's pixels as bytes B, G, R, X, with the fourth byte 255.</summary>
    /// <param name="source">Whole pixels in <paramref name="format"/>.</param>
    /// <param name="destination">As long as the source.</param>
    public static void ToXr24(ReadOnlySpan<byte> source, DrmFormat format, Span<byte> destination)
    {
        (int red, int green, int blue, _) = format.ByteOrder();
        for (int i = 0; i + DrmFormats.BytesPerPixel <= source.Length; i += DrmFormats.BytesPerPixel)
        {
            destination[i] = source[i + blue];
            destination[i + 1] = source[i + green];
            destination[i + 2] = source[i + red];
            destination[i + 3] = 255;
        }
    }
}
