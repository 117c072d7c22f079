using FbShare.Pictures;
using SkiaSharp;

namespace FbShare.Capture;

/// <summary>Pictures in and out of compressed files, and in other sizes, through Skia. Only here and in the viewer's texts is Skia called.</summary>
internal static unsafe class SkiaCodec
{
    /// <summary>Above 90, JPEG files of screens grow and hardly anything is seen.</summary>
    private const int JpegQuality = 90;

    /// <inheritdoc cref="JpegQuality"/>
    private const int SmallJpegQuality = 75;

    /// <summary>WebP's effort, 0 to 100, where nothing is to be lost: how long it looks for a smaller file.</summary>
    private const float WebPEffort = 0;

    /// <inheritdoc cref="WebPEffort"/>
    private const float MostWebPEffort = 100;

    /// <summary>Makes a file of 8 bits a component.</summary>
    /// <param name="withAlpha">Keep alpha. Otherwise the picture is opaque, as a screen shows it.</param>
    /// <exception cref="CaptureException">The library is missing, or the format cannot hold the picture.</exception>
    public static byte[] Encode(Picture picture, PictureFormat format, Compression compression, bool withAlpha = false)
    {
        SkiaLibrary.EnsurePresent();
        Picture source = withAlpha ? new Picture(DrmFormat.AB24, picture.Width, picture.Height, picture.ToRgba())
            : IsTakenAsItIs(picture.Format, format) ? picture : ToOpaque(picture);
        bool best = compression == Compression.Best;
        fixed (byte* pixels = source.Pixels)
        {
            // SAFETY: the picture's rows lie packed in pixels, which stay in place while the pixmap is used.
            using var pixmap = new SKPixmap(InfoOf(source, withAlpha), (nint)pixels, source.Layout.Stride);
            using SKData? file = format switch
            {
                // On screens, rows resemble those above them: one filter does, and is several times faster than a choice among all.
                PictureFormat.Png => pixmap.Encode(
                    best ? new SKPngEncoderOptions(SKPngEncoderFilterFlags.AllFilters, 9) : new SKPngEncoderOptions(SKPngEncoderFilterFlags.Up, 3)),
                PictureFormat.WebP => pixmap.Encode(
                    new SKWebpEncoderOptions(SKWebpEncoderCompression.Lossless, best ? MostWebPEffort : WebPEffort)),
                PictureFormat.Jpeg => pixmap.Encode(best
                    ? new SKJpegEncoderOptions(SmallJpegQuality, SKJpegEncoderDownsample.Downsample420, SKJpegEncoderAlphaOption.Ignore)
                    : new SKJpegEncoderOptions(JpegQuality, SKJpegEncoderDownsample.Downsample444, SKJpegEncoderAlphaOption.Ignore)),
                _ => throw new ArgumentOutOfRangeException(nameof(format)),
            };
            return file?.ToArray() ?? throw new CaptureException(
                $"a picture of {picture.Width}x{picture.Height} does not fit into a {format} file: choose another format, or a smaller size");
        }
    }

    /// <summary>Reads a file as AB24, or as XB24 if it has no transparency.</summary>
    /// <exception cref="CaptureException">The library is missing, or the bytes are no such file, not all of it, or too large a picture.</exception>
    public static Picture Decode(ReadOnlySpan<byte> file, PictureFormat format)
    {
        SkiaLibrary.EnsurePresent();
        using SKData bytes = SKData.CreateCopy(file);
        using SKCodec? codec = SKCodec.Create(bytes);
        if (codec is null || codec.EncodedFormat != EncodedFormatOf(format))
        {
            throw new CaptureException($"not a {format} file that can be read");
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
            // SAFETY: Skia writes height packed rows of width pixels of four bytes, the array's size.
            SKCodecResult result = codec.GetPixels(
                new SKImageInfo(width, height, SKColorType.Rgba8888, isOpaque ? SKAlphaType.Opaque : SKAlphaType.Unpremul), (nint)pixels);
            if (result != SKCodecResult.Success)
            {
                throw new CaptureException($"the {format} file is {(result == SKCodecResult.IncompleteInput ? "cut short" : "broken")}");
            }
        }
        return new Picture(isOpaque ? DrmFormat.XB24 : DrmFormat.AB24, width, height, picture);
    }

    /// <summary>The picture in another size, opaque, each new pixel a mixture of all those that it stands for.</summary>
    /// <param name="width">1 to <see cref="FrameLayout.MaxDimension"/>.</param>
    /// <param name="height">As above.</param>
    /// <exception cref="CaptureException">The library is missing.</exception>
    public static Picture Scale(Picture picture, int width, int height)
    {
        SkiaLibrary.EnsurePresent();
        Picture source = ToOpaque(picture);
        var scaled = new Picture(source.Format, width, height, GC.AllocateUninitializedArray<byte>(width * height * DrmFormats.BytesPerPixel));
        fixed (byte* from = source.Pixels, to = scaled.Pixels)
        {
            // SAFETY: both arrays hold their pictures packed and stay in place; nobody else has seen the new one yet.
            using var old = new SKPixmap(InfoOf(source, withAlpha: false), (nint)from, source.Layout.Stride);
            using var target = new SKPixmap(InfoOf(scaled, withAlpha: false), (nint)to, scaled.Layout.Stride);
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

    /// <summary>The bytes R, G, B, 255, whatever the fourth was.</summary>
    private static Picture ToOpaque(Picture picture)
    {
        byte[] opaque = GC.AllocateUninitializedArray<byte>(picture.Pixels.Length);
        PixelConversion.Convert(picture.Pixels, picture.Format, opaque, DrmFormat.XB24);
        return new Picture(DrmFormat.XB24, picture.Width, picture.Height, opaque);
    }

    /// <summary>Whether Skia knows this order of bytes, and the encoder does not mind what is in the fourth: libwebp blackens pixels where that is
    /// nothing, of opaque pictures too.</summary>
    private static bool IsTakenAsItIs(DrmFormat pixels, PictureFormat file) =>
        file != PictureFormat.WebP && pixels is (DrmFormat.XR24 or DrmFormat.AR24 or DrmFormat.XB24 or DrmFormat.AB24);

    private static SKImageInfo InfoOf(Picture picture, bool withAlpha) => new(
        picture.Width,
        picture.Height,
        picture.Format is DrmFormat.XR24 or DrmFormat.AR24 ? SKColorType.Bgra8888 : SKColorType.Rgba8888,
        withAlpha ? SKAlphaType.Unpremul : SKAlphaType.Opaque);
}
