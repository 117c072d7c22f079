using FbShare.Pictures;

namespace FbShare.Capture;

/// <summary>A picture's file to be: where, of what format, and which part of the picture in which size.</summary>
/// <param name="File">The file; raw pixels have a second one beside it.</param>
public sealed record PictureOutput(string File, PictureFormat Format)
{
    /// <summary>The part to write; all of it for null.</summary>
    public Rect? Crop { get; init; }

    /// <summary>The size of what is written, after <see cref="Crop"/>; as it is for null.</summary>
    public PictureScale? Scale { get; init; }

    public Compression Compression { get; init; }

    /// <summary>Finds out now, not when the picture has come, whether it can be made.</summary>
    /// <exception cref="CaptureException">The picture library is needed and cannot be loaded.</exception>
    public void EnsurePossible()
    {
        if (Format.IsEncoded() || Scale is not null)
        {
            SkiaLibrary.EnsurePresent();
        }
    }

    /// <summary>Writes the picture, atomically.</summary>
    /// <returns>What the file holds.</returns>
    /// <exception cref="CaptureException">The part is not in the picture, the size is none that a picture can have, or the file cannot be written.</exception>
    public Picture Write(Picture picture)
    {
        Picture part = picture;
        if (Crop is { } crop)
        {
            part = crop.Intersect(picture.Layout.Bounds) == crop ? picture.Crop(crop)
                : throw new CaptureException($"cannot write {File}: the part {crop} is not inside the picture of {picture.Width}x{picture.Height}; choose a smaller one");
        }
        if (Scale?.Of(part.Width, part.Height) is { } size)
        {
            part = Math.Max(size.Width, size.Height) <= FrameLayout.MaxDimension ? part.ScaleTo(size.Width, size.Height)
                : throw new CaptureException($"cannot write {File}: {size.Width}x{size.Height} is larger than {FrameLayout.MaxDimension}x{FrameLayout.MaxDimension}; choose a smaller scale");
        }
        PictureFile.Write(File, part, Format, Compression);
        return part;
    }
}
