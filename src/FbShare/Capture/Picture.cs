using System.Buffers.Binary;
using System.Security.Cryptography;
using FbShare.Display.Client;
using FbShare.Linux;
using FbShare.Pictures;

namespace FbShare.Capture;

/// <summary>A picture in memory of its own: 32-bit pixels in one of the eight formats, rows without padding.</summary>
public sealed class Picture
{
    private readonly byte[] _pixels;

    /// <param name="format">The order of the bytes in a pixel.</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="pixels">Width * Height * 4 bytes, rows from the top; belongs to the picture from here on.</param>
    /// <exception cref="ArgumentException">The array does not fit the size, or the size is out of range.</exception>
    public Picture(DrmFormat format, int width, int height, byte[] pixels)
    {
        FrameLayout layout = FrameLayout.Packed(format, width, height);
        if (pixels.Length != layout.End)
        {
            throw new ArgumentException($"{pixels.Length} bytes are not {width}x{height} pixels of 4 bytes", nameof(pixels));
        }
        _pixels = pixels;
        Layout = layout;
    }

    /// <summary>How <see cref="Pixels"/> lie: packed, from offset 0.</summary>
    public FrameLayout Layout { get; }

    /// <summary>The order of the bytes in a pixel.</summary>
    public DrmFormat Format => Layout.Format;

    /// <summary>Pixels, 1 to <see cref="FrameLayout.MaxDimension"/>.</summary>
    public int Width => Layout.Width;

    /// <inheritdoc cref="Width"/>
    public int Height => Layout.Height;

    /// <summary>The packed bytes, in <see cref="Format"/>'s order.</summary>
    public ReadOnlySpan<byte> Pixels => _pixels;

    /// <summary>Copies a picture out of a buffer, without the padding of its rows.</summary>
    /// <param name="layout">Where it lies in <paramref name="bytes"/>.</param>
    /// <param name="bytes">Where the picture lies as the layout says.</param>
    /// <exception cref="ArgumentException">The layout reaches past the bytes.</exception>
    public static Picture Copy(FrameLayout layout, ReadOnlySpan<byte> bytes)
    {
        if (layout.End > bytes.Length)
        {
            throw new ArgumentException($"{layout} reaches past {bytes.Length} bytes", nameof(bytes));
        }
        byte[] pixels = GC.AllocateUninitializedArray<byte>(layout.RowBytes * layout.Height);
        for (int y = 0; y < layout.Height; y++)
        {
            bytes.Slice((int)layout.OffsetOf(0, y), layout.RowBytes).CopyTo(pixels.AsSpan(y * layout.RowBytes));
        }
        return new Picture(layout.Format, layout.Width, layout.Height, pixels);
    }

    /// <summary>Copies a picture that another process shares, as it is now.</summary>
    /// <exception cref="LinuxException">Its bytes cannot be read.</exception>
    public static Picture Copy(RemotePicture shared)
    {
        FrameLayout layout = shared.Layout;
        byte[] pixels = GC.AllocateUninitializedArray<byte>(layout.RowBytes * layout.Height);
        shared.CopyTo(layout.Bounds, pixels, layout.RowBytes);
        return new Picture(layout.Format, layout.Width, layout.Height, pixels);
    }

    /// <summary>A copy in memory of its own.</summary>
    public Picture Clone() => new(Format, Width, Height, (byte[])_pixels.Clone());

    /// <summary>XXH3 of what the picture looks like (<see cref="VisiblePixels.Hash"/>): fast, and equal for pictures that look the same in
    /// different formats. The size does not count.</summary>
    public ulong ComputeFastHash() => VisiblePixels.Hash(Layout, _pixels);

    /// <summary>Red, green, blue and alpha of one pixel; alpha is 255 if the format has none.</summary>
    public (byte Red, byte Green, byte Blue, byte Alpha) this[int x, int y]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)x, (uint)Width, nameof(x));
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)y, (uint)Height, nameof(y));
            ReadOnlySpan<byte> pixel = _pixels.AsSpan((int)Layout.OffsetOf(x, y), DrmFormats.BytesPerPixel);
            var order = Format.ByteOrder();
            return (pixel[order.Red], pixel[order.Green], pixel[order.Blue], Format.HasAlpha() ? pixel[order.Alpha] : byte.MaxValue);
        }
    }

    /// <summary>The same picture in another format. Alpha is 255 unless both formats have it.</summary>
    public Picture ConvertTo(DrmFormat format)
    {
        if (format == Format)
        {
            return this;
        }
        byte[] converted = GC.AllocateUninitializedArray<byte>(_pixels.Length);
        PixelConversion.Convert(_pixels, Format, converted, format);
        return new Picture(format, Width, Height, converted);
    }

    /// <summary>Bytes R, G, B, A; alpha is 255 if the format has none.</summary>
    public byte[] ToRgba()
    {
        byte[] rgba = GC.AllocateUninitializedArray<byte>(_pixels.Length);
        PixelConversion.Convert(_pixels, Format, rgba, DrmFormat.AB24);
        return rgba;
    }

    /// <summary>Bytes R, G, B, as a screen shows them: alpha is left out.</summary>
    public byte[] ToRgb()
    {
        byte[] rgb = GC.AllocateUninitializedArray<byte>(_pixels.Length / 4 * 3);
        var order = Format.ByteOrder();
        ReadOnlySpan<byte> from = _pixels;
        Span<byte> to = rgb;
        while (from.Length >= 4 && to.Length >= 3)
        {
            to[0] = from[order.Red];
            to[1] = from[order.Green];
            to[2] = from[order.Blue];
            from = from[4..];
            to = to[3..];
        }
        return rgb;
    }

    /// <summary>A part of the picture.</summary>
    /// <param name="area">Inside the picture, and not empty.</param>
    public Picture Crop(Rect area) => Copy(Layout.Crop(area), _pixels);

    /// <summary>The picture in another size, opaque. Each new pixel is an average of the old pixels in its place.</summary>
    /// <param name="width">Pixels, 1 to <see cref="FrameLayout.MaxDimension"/>.</param>
    /// <param name="height">The same.</param>
    /// <exception cref="CaptureException">The picture library is missing.</exception>
    public Picture ScaleTo(int width, int height) => SkiaCodec.Scale(this, width, height);

    /// <summary>The picture with a pointer drawn over it: cursor + picture * (255 - alpha) / 255, rounded.</summary>
    /// <param name="cursor">Not drawn if it has fewer bytes than its size needs.</param>
    /// <param name="position">The pointer's top left corner; parts outside the picture are not drawn, nor is an invisible pointer.</param>
    public Picture WithCursor(CursorImage cursor, CursorPosition position)
    {
        if (!position.Visible || cursor.Pixels.Length < (long)cursor.Width * cursor.Height * DrmFormats.BytesPerPixel)
        {
            return this;
        }
        long left = position.X;
        long top = position.Y;
        byte[] blended = (byte[])_pixels.Clone();
        var order = Format.ByteOrder();
        for (int cy = (int)Math.Clamp(-top, 0, cursor.Height); cy < cursor.Height && top + cy < Height; cy++)
        {
            for (int cx = (int)Math.Clamp(-left, 0, cursor.Width); cx < cursor.Width && left + cx < Width; cx++)
            {
                ReadOnlySpan<byte> source = cursor.Pixels.Span.Slice(((cy * cursor.Width) + cx) * DrmFormats.BytesPerPixel, DrmFormats.BytesPerPixel);
                Span<byte> target = blended.AsSpan((int)Layout.OffsetOf((int)left + cx, (int)top + cy), DrmFormats.BytesPerPixel);
                int through = 255 - source[3];
                target[order.Blue] = Over(source[0], target[order.Blue], through);
                target[order.Green] = Over(source[1], target[order.Green], through);
                target[order.Red] = Over(source[2], target[order.Red], through);
                if (Format.HasAlpha())
                {
                    target[order.Alpha] = Over(source[3], target[order.Alpha], through);
                }
            }
        }
        return new Picture(Format, Width, Height, blended);
    }

    /// <summary>SHA-256, in lower-case hex, of width and height (little-endian 32-bit) and the R, G, B bytes: equal for
    /// pictures that look the same on a screen, also in different formats.</summary>
    public string ComputeHash()
    {
        using IncrementalHash sha = Checksum.Begin();
        Span<byte> size = stackalloc byte[8];
        BinaryPrimitives.WriteInt32LittleEndian(size, Width);
        BinaryPrimitives.WriteInt32LittleEndian(size[4..], Height);
        sha.AppendData(size);
        sha.AppendData(ToRgb());
        return Convert.ToHexStringLower(sha.GetHashAndReset());
    }

    private static byte Over(byte source, byte target, int through) =>
        (byte)Math.Min(255, source + (((target * through) + 127) / 255));
}
