using System.Runtime.InteropServices;
using FbShare.Pictures;
using static FbShare.Capture.LibPng;

namespace FbShare.Capture;

/// <summary>PNG files through libpng16.</summary>
public static unsafe class PngFile
{
    /// <summary>Writes the picture, atomically.</summary>
    /// <inheritdoc cref="Encode"/>
    public static void Write(string path, Picture picture, bool withAlpha = false) => AtomicFile.Write(path, Encode(picture, withAlpha));

    /// <summary>Makes a PNG of 8 bits a component.</summary>
    /// <param name="withAlpha">Keep alpha. Otherwise the picture is opaque, as a screen shows it.</param>
    /// <exception cref="CaptureException">libpng16 is missing, or the file cannot be written.</exception>
    public static byte[] Encode(Picture picture, bool withAlpha = false)
    {
        EnsurePresent();
        byte[] pixels = withAlpha ? picture.ToRgba() : picture.ToRgb();
        // PNG_IMAGE_PNG_SIZE_MAX with room to spare: a filter byte a row, zlib's stored blocks, the chunks' frames.
        long raw = pixels.LongLength + picture.Height;
        nuint capacity = (nuint)(raw + (raw / 8) + 4096);
        void* memory = NativeMemory.Alloc(capacity);
        try
        {
            var image = new PngImage
            {
                version = PNG_IMAGE_VERSION,
                width = (uint)picture.Width,
                height = (uint)picture.Height,
                format = withAlpha ? PNG_FORMAT_RGBA : PNG_FORMAT_RGB,
                flags = PNG_IMAGE_FLAG_FAST,
            };
            fixed (byte* from = pixels)
            {
                // SAFETY: libpng reads height rows of width pixels, which is what pixels holds, and writes at most
                // capacity bytes, which it replaces by what it wrote.
                if (png_image_write_to_memory(&image, memory, &capacity, 0, from, 0, null) == 0)
                {
                    throw new CaptureException($"libpng cannot write the picture: {image.GetMessage()}");
                }
            }
            return new ReadOnlySpan<byte>(memory, checked((int)capacity)).ToArray();
        }
        finally
        {
            NativeMemory.Free(memory);
        }
    }

    /// <summary>Reads a PNG of any kind as AB24, or as XB24 if it has no transparency.</summary>
    /// <exception cref="CaptureException">libpng16 is missing, or the bytes are no PNG that fits.</exception>
    public static Picture Decode(ReadOnlySpan<byte> file)
    {
        EnsurePresent();
        var image = new PngImage { version = PNG_IMAGE_VERSION };
        fixed (byte* from = file)
        {
            try
            {
                if (png_image_begin_read_from_memory(&image, from, (nuint)file.Length) == 0)
                {
                    throw new CaptureException($"not a PNG that can be read: {image.GetMessage()}");
                }
                if (image.width is 0 or > FrameLayout.MaxDimension || image.height is 0 or > FrameLayout.MaxDimension)
                {
                    throw new CaptureException($"the PNG of {image.width}x{image.height} is larger than {FrameLayout.MaxDimension}x{FrameLayout.MaxDimension}");
                }
                DrmFormat format = (image.format & PNG_FORMAT_FLAG_ALPHA) != 0 ? DrmFormat.AB24 : DrmFormat.XB24;
                image.format = PNG_FORMAT_RGBA;
                byte[] pixels = new byte[image.width * image.height * DrmFormats.BytesPerPixel];
                fixed (byte* to = pixels)
                {
                    // SAFETY: libpng writes height rows of width pixels of four bytes, the array's size.
                    if (png_image_finish_read(&image, null, to, 0, null) == 0)
                    {
                        throw new CaptureException($"the PNG is broken: {image.GetMessage()}");
                    }
                }
                return new Picture(format, (int)image.width, (int)image.height, pixels);
            }
            finally
            {
                png_image_free(&image);
            }
        }
    }
}
