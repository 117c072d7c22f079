using FbShare.Capture;
using FbShare.Pictures;

namespace FbShare.Testing.Screens;

/// <summary>One frame of a screen: complete, and in memory of its own.</summary>
/// <param name="Picture">What it looked like.</param>
/// <param name="Stamp">Which frame it is.</param>
public sealed record ScreenCapture(Picture Picture, FrameStamp Stamp)
{
    /// <summary>The pixels in <see cref="Format"/>'s byte order, rows from the top, <see cref="Stride"/> bytes apart.</summary>
    public ReadOnlySpan<byte> Pixels => Picture.Pixels;

    /// <summary>The order of the bytes in a pixel.</summary>
    public DrmFormat Format => Picture.Format;

    /// <summary>Pixels in a row.</summary>
    public int Width => Picture.Width;

    /// <summary>Rows.</summary>
    public int Height => Picture.Height;

    /// <summary>Bytes from one row to the next.</summary>
    public int Stride => Picture.Layout.Stride;

    /// <summary>A PNG file's bytes.</summary>
    /// <exception cref="CaptureException">The picture library is missing.</exception>
    public byte[] ToPng() => PngFile.Encode(Picture);

    /// <summary>Writes a file, in the format of its ending (<see cref="PictureFormats.Endings"/>).</summary>
    /// <exception cref="CaptureException">The file cannot be written.</exception>
    public void Save(string path) => PictureFile.Write(path, Picture);
}
