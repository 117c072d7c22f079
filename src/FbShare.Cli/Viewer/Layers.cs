using System.Runtime.InteropServices;
using FbShare.Pictures;
using SkiaSharp;

namespace FbShare.Cli.Viewer;

/// <summary>A picture that lies over the guest's: bytes B, G, R, A, multiplied by alpha, packed rows.</summary>
/// <remarks>Pinned, so that whoever draws on it or with it needs its address only once.</remarks>
internal sealed class LayerImage : IDisposable
{
    private readonly byte[] _pixels;
    private SKImage? _drawable;

    public LayerImage(int width, int height)
    {
        Width = width;
        Height = height;
        _pixels = GC.AllocateArray<byte>(width * height * DrmFormats.BytesPerPixel, pinned: true);
    }

    /// <param name="pixels">Copied.</param>
    public LayerImage(int width, int height, ReadOnlySpan<byte> pixels)
        : this(width, height) => pixels.CopyTo(_pixels);

    public int Width { get; }

    public int Height { get; }

    /// <summary>How often it was <see cref="Changed"/>: what was drawn of another version is out of date.</summary>
    public int Version { get; private set; }

    public ReadOnlySpan<byte> Pixels => _pixels;

    /// <summary>The first pixel's address, which stays.</summary>
    public nint Address => Marshal.UnsafeAddrOfPinnedArrayElement(_pixels, 0);

    /// <summary>For drawing by Skia; shows what the pixels are at that time.</summary>
    public SKImage Drawable => _drawable ??= SKImage.FromPixels(
        new SKImageInfo(Width, Height, SKColorType.Bgra8888, SKAlphaType.Premul), Address, Width * DrmFormats.BytesPerPixel);

    /// <summary>One colour, for tinting.</summary>
    /// <param name="color">B, G, R, A, multiplied.</param>
    public static LayerImage Tint(ReadOnlySpan<byte> color) => new(1, 1, color);

    /// <summary>The pixels are others from now on.</summary>
    public void Changed() => Version++;

    public void Dispose() => _drawable?.Dispose();
}

/// <summary>A picture and where it lies over the guest's.</summary>
/// <param name="Image">Stretched to the target without mixing.</param>
/// <param name="Target">In the window's pixels; may reach outside.</param>
internal readonly record struct Layer(LayerImage Image, Rect Target);
