using FbShare.Pictures;

namespace FbShare.Testing.Recording;

/// <summary>Colours as videos have them.</summary>
internal static class Yuv
{
    /// <summary>Converts to three planes of full size (4:4:4) by BT.601 in limited range, as YUV4MPEG2 is understood.</summary>
    /// <param name="pixels">Whole pixels.</param>
    /// <param name="planes">Three bytes for each: all Y, then all Cb, then all Cr.</param>
    public static void From(DrmFormat format, ReadOnlySpan<byte> pixels, Span<byte> planes)
    {
        int count = pixels.Length / DrmFormats.BytesPerPixel;
        var order = format.ByteOrder();
        (int red, int green, int blue) = (order.Red, order.Green, order.Blue);
        Span<byte> luma = planes[..count];
        Span<byte> cb = planes.Slice(count, count);
        Span<byte> cr = planes.Slice(2 * count, count);
        for (int i = 0; i < luma.Length && i < cb.Length && i < cr.Length; i++)
        {
            ReadOnlySpan<byte> pixel = pixels.Slice(i * DrmFormats.BytesPerPixel, DrmFormats.BytesPerPixel);
            int r = pixel[red];
            int g = pixel[green];
            int b = pixel[blue];
            luma[i] = (byte)(((66 * r + 129 * g + 25 * b + 128) >> 8) + 16);
            cb[i] = (byte)(((-38 * r - 74 * g + 112 * b + 128) >> 8) + 128);
            cr[i] = (byte)(((112 * r - 94 * g - 18 * b + 128) >> 8) + 128);
        }
    }
}
