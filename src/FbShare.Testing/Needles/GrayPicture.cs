using FbShare.Capture;
using FbShare.Pictures;

namespace FbShare.Testing.Needles;

/// <summary>The brightness of a part of a picture, slightly blurred: what os-autoinst compares.</summary>
/// <remarks>Brightness is (9798 R + 19235 G + 3735 B) / 32768, rounded; the blur is the kernel 1 2 1 in both directions, rounded once, with
/// the picture mirrored at its edges without repeating the edge. Both are what OpenCV 4 computes for 8-bit pictures.</remarks>
internal sealed class GrayPicture
{
    private const int Red = 9798;
    private const int Green = 19235;
    private const int Blue = 3735;
    private const int Shift = 15;

    private readonly byte[] _pixels;

    private GrayPicture(Rect part, byte[] pixels)
    {
        Part = part;
        _pixels = pixels;
    }

    /// <summary>Which part of the picture this is.</summary>
    public Rect Part { get; }

    /// <summary>One row of the part, in the coordinates of the whole picture.</summary>
    public ReadOnlySpan<byte> Row(int x, int y, int width) => _pixels.AsSpan(((y - Part.Y) * Part.Width) + x - Part.X, width);

    /// <param name="part">Inside the picture.</param>
    /// <param name="excluded">What of the picture counts as one colour.</param>
    public static GrayPicture Of(Picture picture, Rect part, IReadOnlyList<Rect> excluded)
    {
        Rect around = new Rect(part.X - 1, part.Y - 1, part.Width + 2, part.Height + 2).Intersect(picture.Layout.Bounds);
        byte[] gray = ToGray(picture, around);
        byte excludedGray = (byte)(((Green * 255) + (1 << (Shift - 1))) >> Shift);
        foreach (Rect hole in excluded)
        {
            Rect cut = hole.Intersect(around);
            for (int y = cut.Y; y < cut.Bottom; y++)
            {
                gray.AsSpan(((y - around.Y) * around.Width) + cut.X - around.X, cut.Width).Fill(excludedGray);
            }
        }
        return new GrayPicture(part, Blur(gray, around, part, picture.Layout.Bounds));
    }

    private static byte[] ToGray(Picture picture, Rect part)
    {
        byte[] gray = GC.AllocateUninitializedArray<byte>(part.Width * part.Height);
        var order = picture.Format.ByteOrder();
        for (int y = 0; y < part.Height; y++)
        {
            ReadOnlySpan<byte> row = picture.Pixels.Slice((int)picture.Layout.OffsetOf(part.X, part.Y + y), part.Width * DrmFormats.BytesPerPixel);
            Span<byte> to = gray.AsSpan(y * part.Width, part.Width);
            for (int x = 0; x < to.Length; x++)
            {
                ReadOnlySpan<byte> pixel = row.Slice(x * DrmFormats.BytesPerPixel, DrmFormats.BytesPerPixel);
                to[x] = (byte)(((Red * pixel[order.Red]) + (Green * pixel[order.Green]) + (Blue * pixel[order.Blue]) + (1 << (Shift - 1))) >> Shift);
            }
        }
        return gray;
    }

    /// <param name="gray">The pixels of <paramref name="around"/>: the part and a pixel more on each side, as far as the picture goes.</param>
    private static byte[] Blur(byte[] gray, Rect around, Rect part, Rect whole)
    {
        // First across, in rows of the part's width; the sums reach 4 * 255.
        ushort[] across = GC.AllocateUninitializedArray<ushort>(part.Width * around.Height);
        for (int y = 0; y < around.Height; y++)
        {
            ReadOnlySpan<byte> row = gray.AsSpan(y * around.Width, around.Width);
            Span<ushort> to = across.AsSpan(y * part.Width, part.Width);
            for (int x = 0; x < to.Length; x++)
            {
                int at = part.X + x;
                to[x] = (ushort)(row[Mirror(at - 1, whole.Width) - around.X] + (2 * row[at - around.X]) + row[Mirror(at + 1, whole.Width) - around.X]);
            }
        }
        byte[] blurred = GC.AllocateUninitializedArray<byte>(part.Width * part.Height);
        for (int y = 0; y < part.Height; y++)
        {
            int at = part.Y + y;
            ReadOnlySpan<ushort> above = across.AsSpan((Mirror(at - 1, whole.Height) - around.Y) * part.Width, part.Width);
            ReadOnlySpan<ushort> here = across.AsSpan((at - around.Y) * part.Width, part.Width);
            ReadOnlySpan<ushort> below = across.AsSpan((Mirror(at + 1, whole.Height) - around.Y) * part.Width, part.Width);
            Span<byte> to = blurred.AsSpan(y * part.Width, part.Width);
            for (int x = 0; x < to.Length; x++)
            {
                to[x] = (byte)((above[x] + (2 * here[x]) + below[x] + 8) >> 4);
            }
        }
        return blurred;
    }

    /// <summary>-1 is 1, and one past the end is the last but one.</summary>
    private static int Mirror(int at, int length) => length == 1 ? 0 : at < 0 ? -at : at >= length ? (2 * length) - 2 - at : at;
}
