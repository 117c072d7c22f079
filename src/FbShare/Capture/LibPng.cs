using System.Runtime.InteropServices;

namespace FbShare.Capture;

/// <summary>libpng16's simplified API (png.h, section "Simplified API"): the png_image_* functions, none of them variadic.</summary>
internal static unsafe partial class LibPng
{
    public const uint PNG_IMAGE_VERSION = 1;
    public const uint PNG_FORMAT_FLAG_ALPHA = 1;
    public const uint PNG_FORMAT_RGB = 2;
    public const uint PNG_FORMAT_RGBA = 3;

    /// <summary>Level 3 and no row filters: several times faster, and hardly larger for screens.</summary>
    public const uint PNG_IMAGE_FLAG_FAST = 2;

    private const string Library = "libpng16.so.16";

    private static readonly Lazy<bool> IsPresent = new(() => NativeLibrary.TryLoad(Library, out _));

    /// <exception cref="CaptureException">The library is missing.</exception>
    public static void EnsurePresent()
    {
        if (!IsPresent.Value)
        {
            throw new CaptureException("PNG files need libpng16, which is missing: apt install libpng16-16 (or write a .ppm file instead)");
        }
    }

    [LibraryImport(Library)]
    public static partial int png_image_begin_read_from_memory(PngImage* image, void* memory, nuint size);

    [LibraryImport(Library)]
    public static partial int png_image_finish_read(PngImage* image, void* background, void* buffer, int rowStride, void* colormap);

    [LibraryImport(Library)]
    public static partial int png_image_write_to_memory(PngImage* image, void* memory, nuint* memoryBytes, int convertTo8Bit, void* buffer, int rowStride, void* colormap);

    [LibraryImport(Library)]
    public static partial void png_image_free(PngImage* image);

    /// <summary>png_image of png.h, 104 bytes.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct PngImage
    {
        public nint opaque;
        public uint version;
        public uint width;
        public uint height;
        public uint format;
        public uint flags;
        public uint colormap_entries;
        public uint warning_or_error;
        public fixed byte message[64];

        public string GetMessage()
        {
            fixed (byte* text = message)
            {
                return Marshal.PtrToStringUTF8((nint)text) ?? "";
            }
        }
    }
}
