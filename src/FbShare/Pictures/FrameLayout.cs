using System.Diagnostics.CodeAnalysis;

namespace FbShare.Pictures;

/// <summary>How a picture lies in a buffer. Checked once, when it is created: every row is inside the buffer that it was created for.</summary>
public readonly record struct FrameLayout
{
    /// <summary>The largest width and height accepted, in pixels.</summary>
    public const int MaxDimension = 16384;

    private FrameLayout(DrmFormat format, int width, int height, int stride, long offset)
    {
        Format = format;
        Width = width;
        Height = height;
        Stride = stride;
        Offset = offset;
    }

    /// <summary>The order of the bytes in a pixel.</summary>
    public DrmFormat Format { get; }

    /// <summary>Pixels, 1 to <see cref="MaxDimension"/>.</summary>
    public int Width { get; }

    /// <inheritdoc cref="Width"/>
    public int Height { get; }

    /// <summary>Bytes from one row to the next, at least <see cref="RowBytes"/>.</summary>
    public int Stride { get; }

    /// <summary>Bytes before the first row.</summary>
    public long Offset { get; }

    /// <summary>Bytes of a row's pixels, without the padding up to the stride.</summary>
    public int RowBytes => Width * DrmFormats.BytesPerPixel;

    /// <summary>The first byte after the last row's pixels.</summary>
    public long End => Offset + ((long)(Height - 1) * Stride) + RowBytes;

    /// <summary>Bytes from the first row's first pixel to the end of the last row's.</summary>
    public long Span => End - Offset;

    /// <summary>The whole picture.</summary>
    public Rect Bounds => new(0, 0, Width, Height);

    /// <summary>The offset of the pixel at (x, y).</summary>
    public long OffsetOf(int x, int y) => Offset + ((long)y * Stride) + ((long)x * DrmFormats.BytesPerPixel);

    /// <summary>A picture at offset 0 whose rows have no padding.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A dimension is out of range.</exception>
    public static FrameLayout Packed(DrmFormat format, int width, int height) =>
        TryCreate(format, (uint)width, (uint)height, (uint)(width * DrmFormats.BytesPerPixel), 0, long.MaxValue, out FrameLayout layout, out string? why)
            ? layout
            : throw new ArgumentOutOfRangeException(nameof(width), why);

    /// <summary>Checks numbers from outside against the size of the buffer.</summary>
    /// <param name="format">The order of the bytes in a pixel.</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="stride">Bytes from one row to the next.</param>
    /// <param name="offset">Where the first pixel is.</param>
    /// <param name="available">The buffer's size in bytes. No picture fits a negative one, which is what a failed call returns.</param>
    /// <param name="layout">The layout, which cannot be wrong any more.</param>
    /// <param name="why">What is wrong, in words.</param>
    public static bool TryCreate(
        DrmFormat format, uint width, uint height, uint stride, ulong offset, long available, out FrameLayout layout, [NotNullWhen(false)] out string? why)
    {
        layout = default;
        if (width is 0 or > MaxDimension || height is 0 or > MaxDimension)
        {
            why = $"a size of {width}x{height} is not between 1x1 and {MaxDimension}x{MaxDimension}";
            return false;
        }
        if (stride < width * DrmFormats.BytesPerPixel)
        {
            why = $"stride {stride} is less than a row of {width} pixels ({width * DrmFormats.BytesPerPixel} bytes)";
            return false;
        }
        if (stride > int.MaxValue)
        {
            why = $"stride {stride} is more than {int.MaxValue}";
            return false;
        }
        UInt128 end = (UInt128)offset + ((UInt128)(height - 1) * stride) + (width * DrmFormats.BytesPerPixel);
        if (available < 0 || end > (UInt128)(ulong)available)
        {
            why = $"{width}x{height} with stride {stride} at offset {offset} ends at byte {end}, but the buffer has only {available}";
            return false;
        }
        layout = new FrameLayout(format, (int)width, (int)height, (int)stride, (long)offset);
        why = null;
        return true;
    }

    /// <summary>The same picture in a buffer that starts with its first row.</summary>
    public FrameLayout FromStart() => new(Format, Width, Height, Stride, 0);

    /// <summary>A part of this picture, in the same buffer.</summary>
    /// <param name="area">Must lie inside <see cref="Bounds"/> and not be empty.</param>
    public FrameLayout Crop(Rect area)
    {
        if (!Bounds.Contains(area))
        {
            throw new ArgumentOutOfRangeException(nameof(area));
        }
        return new FrameLayout(Format, area.Width, area.Height, Stride, OffsetOf(area.X, area.Y));
    }

    /// <summary>Written by hand because layouts are compared at every flip: the compiler's version boxes the format until the code is fully
    /// optimised.</summary>
    public bool Equals(FrameLayout other) =>
        Format == other.Format && Width == other.Width && Height == other.Height && Stride == other.Stride && Offset == other.Offset;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine((uint)Format, Width, Height, Stride, Offset);

    /// <summary>For messages.</summary>
    public override string ToString() => $"{Width}x{Height} {Format} stride {Stride} offset {Offset}";
}
