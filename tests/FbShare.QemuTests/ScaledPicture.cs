namespace FbShare.QemuTests;

/// <summary>A picture, and what must be seen of it where it is shown larger or smaller.</summary>
/// <param name="Rgb">Bytes R, G, B, packed rows.</param>
internal readonly record struct ScaledPicture(byte[] Rgb, int Width, int Height)
{
    /// <summary>A black window with a picture in it.</summary>
    public static byte[] Frame(int width, int height, int left, int top, int pictureWidth, int pictureHeight, Func<int, int, (byte R, byte G, byte B)> pixel)
    {
        var rgb = new byte[width * height * 3];
        for (int y = top; y < Math.Min(height, top + pictureHeight); y++)
        {
            for (int x = left; x < Math.Min(width, left + pictureWidth); x++)
            {
                int at = ((y * width) + x) * 3;
                (rgb[at], rgb[at + 1], rgb[at + 2]) = pixel(x - left, y - top);
            }
        }
        return rgb;
    }

    public (byte R, byte G, byte B) Pixel(int x, int y)
    {
        int at = ((y * Width) + x) * 3;
        return (Rgb[at], Rgb[at + 1], Rgb[at + 2]);
    }

    /// <summary>The four pixels around the middle of a scaled one, by their nearness (OpenGL ES 3.0, 3.8.10.2, CLAMP_TO_EDGE).</summary>
    /// <param name="step">Picture's pixels per window's pixel.</param>
    public (byte R, byte G, byte B) Mixed(int x, int y, double step) => Mixed(x, y, step, step);

    /// <inheritdoc cref="Mixed(int, int, double)"/>
    public (byte R, byte G, byte B) Mixed(int x, int y, double across, double down)
    {
        (double u, double v) = (((x + 0.5) * across) - 0.5, ((y + 0.5) * down) - 0.5);
        (int left, int top) = ((int)Math.Floor(u), (int)Math.Floor(v));
        (double right, double low) = (u - left, v - top);
        return (Channel(this, 0), Channel(this, 1), Channel(this, 2));

        byte Channel(in ScaledPicture picture, int channel)
        {
            double upper = (picture.At(left, top, channel) * (1 - right)) + (picture.At(left + 1, top, channel) * right);
            double lower = (picture.At(left, top + 1, channel) * (1 - right)) + (picture.At(left + 1, top + 1, channel) * right);
            return (byte)Math.Round((upper * (1 - low)) + (lower * low));
        }
    }

    /// <summary>Whether a screen has the picture, as it is, somewhere.</summary>
    /// <param name="screen">As <see cref="Rgb"/>.</param>
    /// <param name="width">The screen's.</param>
    public bool IsIn(ReadOnlySpan<byte> screen, int width)
    {
        (int stride, int wholeStride) = (Width * 3, width * 3);
        ReadOnlySpan<byte> firstRow = Rgb.AsSpan(0, stride);
        for (int from = 0; screen[from..].IndexOf(firstRow) is >= 0 and var found; from += found + 1)
        {
            int at = from + found;
            int rows = 1;
            while (rows < Height && (at + (rows * wholeStride)) + stride <= screen.Length
                && screen.Slice(at + (rows * wholeStride), stride).SequenceEqual(Rgb.AsSpan(rows * stride, stride)))
            {
                rows++;
            }
            if (rows == Height)
            {
                return true;
            }
        }
        return false;
    }

    private double At(int x, int y, int channel) => Rgb[(((Math.Clamp(y, 0, Height - 1) * Width) + Math.Clamp(x, 0, Width - 1)) * 3) + channel];
}
