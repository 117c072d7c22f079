using System.Buffers;
using FbShare.Pictures;
using SkiaSharp;

namespace FbShare.Capture;

/// <summary>Writes, reads and scales pictures with Skia, which only this class and the viewer's text drawing call.</summary>
internal static class SkiaCodec
{
    /// <summary>Above 90, JPEG files of screens get larger without looking better.</summary>
    private const int JpegQuality = 90;

    /// <inheritdoc cref="JpegQuality"/>
    private const int SmallJpegQuality = 75;

    /// <summary>The effort for lossless WebP, 0 to 100: how long it tries to make the file smaller.</summary>
    private const float WebPEffort = 0;

    /// <inheritdoc cref="WebPEffort"/>
    private const float MostWebPEffort = 100;

    /// <summary>Makes a file with 8 bits per component.</summary>
    /// <param name="withAlpha">Whether to keep alpha. Otherwise the file is opaque, as a screen shows the picture.</param>
    /// <exception cref="CaptureException">The library is missing, or the format cannot hold the picture.</exception>
    public static byte[] Encode(Picture picture, PictureFormat format, Compression compression, bool withAlpha = false)
    {
        SkiaLibrary.EnsurePresent();
        if (!withAlpha && CanBeEncodedDirectly(picture.Format, format))
        {
            return Encode(picture.Pixels, picture.Layout, withAlpha, format, compression);
        }
        // Fresh memory for each picture would cost half as much again as the encoding: the kernel fills it with zeros first.
        byte[] converted = ArrayPool<byte>.Shared.Rent(picture.Pixels.Length);
        try
        {
            DrmFormat order = withAlpha ? DrmFormat.AB24 : DrmFormat.XB24;
            PixelConversion.Convert(picture.Pixels, picture.Format, converted, order);
            return Encode(converted, FrameLayout.Packed(order, picture.Width, picture.Height), withAlpha, format, compression);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(converted);
        }
    }

    /// <param name="pixels">In an order that the encoder takes; may be longer than the layout.</param>
    private static unsafe byte[] Encode(ReadOnlySpan<byte> pixels, FrameLayout layout, bool withAlpha, PictureFormat format, Compression compression)
    {
        bool best = compression == Compression.Best;
        fixed (byte* first = pixels)
        {
            // SAFETY: pixels holds height rows of the stride given, and is pinned while the pixmap is used.
            using var pixmap = new SKPixmap(InfoOf(layout, withAlpha, format), (nint)first, layout.Stride);
            using SKData? file = format switch
            {
                // Rows of screens resemble those above them, so the filter Up is enough, and several times faster than trying all. Of zlib's
                // levels, 3 makes a desktop's file 8 % smaller in twice the time, and a plain screen's no smaller.
                PictureFormat.Png => pixmap.Encode(
                    best ? new SKPngEncoderOptions(SKPngEncoderFilterFlags.AllFilters, 9) : new SKPngEncoderOptions(SKPngEncoderFilterFlags.Up, 1)),
                PictureFormat.WebP => pixmap.Encode(
                    new SKWebpEncoderOptions(SKWebpEncoderCompression.Lossless, best ? MostWebPEffort : WebPEffort)),
                PictureFormat.Jpeg => pixmap.Encode(best
                    ? new SKJpegEncoderOptions(SmallJpegQuality, SKJpegEncoderDownsample.Downsample420, SKJpegEncoderAlphaOption.Ignore)
                    : new SKJpegEncoderOptions(JpegQuality, SKJpegEncoderDownsample.Downsample444, SKJpegEncoderAlphaOption.Ignore)),
                _ => throw new ArgumentOutOfRangeException(nameof(format)),
            };
            return file?.ToArray() ?? throw new CaptureException(
                $"a picture of {layout.Width}x{layout.Height} does not fit into a {format} file: choose another format, or a smaller size");
        }
    }

    /// <summary>Reads a file as AB24, or as XB24 if it has no transparency.</summary>
    /// <exception cref="CaptureException">The library is missing, or the bytes are not such a file, not a complete one, or the picture is too large.</exception>
    public static unsafe Picture Decode(ReadOnlySpan<byte> file, PictureFormat format)
    {
        SkiaLibrary.EnsurePresent();
        using SKData bytes = SKData.CreateCopy(file);
        using SKCodec? codec = SKCodec.Create(bytes);
        if (codec is null || codec.EncodedFormat != EncodedFormatOf(format))
        {
            throw new CaptureException($"this is not a {format} file, or it is damaged");
        }
        (int width, int height) = (codec.Info.Width, codec.Info.Height);
        if (width is < 1 or > FrameLayout.MaxDimension || height is < 1 or > FrameLayout.MaxDimension)
        {
            throw new CaptureException($"the picture of {width}x{height} is larger than {FrameLayout.MaxDimension}x{FrameLayout.MaxDimension}");
        }
        bool isOpaque = codec.Info.AlphaType == SKAlphaType.Opaque;
        var picture = new byte[width * height * DrmFormats.BytesPerPixel];
        fixed (byte* pixels = picture)
        {
            // SAFETY: Skia writes height rows of width pixels of four bytes, which is the array's size; it is pinned.
            SKCodecResult result = codec.GetPixels(
                new SKImageInfo(width, height, SKColorType.Rgba8888, isOpaque ? SKAlphaType.Opaque : SKAlphaType.Unpremul), (nint)pixels);
            if (result != SKCodecResult.Success)
            {
                throw new CaptureException($"the {format} file is {(result == SKCodecResult.IncompleteInput ? "cut short" : "damaged")}");
            }
        }
        return new Picture(isOpaque ? DrmFormat.XB24 : DrmFormat.AB24, width, height, picture);
    }

    /// <summary>The picture in another size, opaque. Each new pixel is an average of the old pixels in its place.</summary>
    /// <param name="width">1 to <see cref="FrameLayout.MaxDimension"/>.</param>
    /// <param name="height">The same.</param>
    /// <exception cref="CaptureException">The library is missing.</exception>
    public static unsafe Picture Scale(Picture picture, int width, int height)
    {
        SkiaLibrary.EnsurePresent();
        Picture source = ToOpaque(picture);
        var scaled = new Picture(source.Format, width, height, GC.AllocateUninitializedArray<byte>(width * height * DrmFormats.BytesPerPixel));
        fixed (byte* from = source.Pixels, to = scaled.Pixels)
        {
            // SAFETY: both arrays hold height rows of the strides given and are pinned; the new picture is not shared with anybody yet.
            using var old = new SKPixmap(InfoOf(source.Layout, withAlpha: false), (nint)from, source.Layout.Stride);
            using var target = new SKPixmap(InfoOf(scaled.Layout, withAlpha: false), (nint)to, scaled.Layout.Stride);
            if (!old.ScalePixels(target, new SKSamplingOptions(SKFilterMode.Linear, SKMipmapMode.Linear)))
            {
                throw new CaptureException($"a picture of {picture.Width}x{picture.Height} cannot be made {width}x{height}: too little memory; choose a smaller size");
            }
        }
        return scaled.ConvertTo(picture.Format);
    }

    private static SKEncodedImageFormat EncodedFormatOf(PictureFormat format) => format switch
    {
        PictureFormat.Png => SKEncodedImageFormat.Png,
        PictureFormat.Jpeg => SKEncodedImageFormat.Jpeg,
        PictureFormat.WebP => SKEncodedImageFormat.Webp,
        _ => throw new ArgumentOutOfRangeException(nameof(format)),
    };

    /// <summary>The picture as bytes R, G, B, 255.</summary>
    private static Picture ToOpaque(Picture picture)
    {
        byte[] opaque = GC.AllocateUninitializedArray<byte>(picture.Pixels.Length);
        PixelConversion.Convert(picture.Pixels, picture.Format, opaque, DrmFormat.XB24);
        return new Picture(DrmFormat.XB24, picture.Width, picture.Height, opaque);
    }

    /// <summary>Whether Skia knows this byte order and the encoder ignores the fourth byte. libwebp makes pixels black where it is zero, in
    /// opaque pictures too.</summary>
    private static bool CanBeEncodedDirectly(DrmFormat pixels, PictureFormat file) => file switch
    {
        PictureFormat.WebP => false,
        PictureFormat.Png => pixels is DrmFormat.XB24 or DrmFormat.AB24,
        _ => pixels is DrmFormat.XR24 or DrmFormat.AR24 or DrmFormat.XB24 or DrmFormat.AB24,
    };

    /// <param name="file">What is made of it; null: another picture. Of PNG, Skia writes opaque pixels four times faster if their bytes are
    /// R, G, B, X.</param>
    private static SKImageInfo InfoOf(FrameLayout picture, bool withAlpha, PictureFormat? file = null) => new(
        picture.Width,
        picture.Height,
        picture.Format is DrmFormat.XR24 or DrmFormat.AR24 ? SKColorType.Bgra8888
            : file == PictureFormat.Png && !withAlpha ? SKColorType.Rgb888x : SKColorType.Rgba8888,
        withAlpha ? SKAlphaType.Unpremul : SKAlphaType.Opaque);
}
