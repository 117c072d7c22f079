using FbShare.Pictures;

namespace FbShare.Capture;

/// <summary>How to write a picture: to which file, in which format, and which part of it in which size.</summary>
/// <param name="File">The file; raw pixels have a second one beside it.</param>
/// <param name="Format">The format, whatever the file's ending.</param>
public sealed record PictureOutput(string File, PictureFormat Format)
{
    /// <summary>The part to write; null for the whole picture.</summary>
    public Rect? Crop { get; init; }

    /// <summary>The size to scale to after <see cref="Crop"/>; null to leave it.</summary>
    public PictureScale? Scale { get; init; }

    /// <summary>How much time to spend on making the file small.</summary>
    public Compression Compression { get; init; }

    /// <summary>Checks beforehand that the picture library is there if it will be needed.</summary>
    /// <exception cref="CaptureException">The picture library is needed and cannot be loaded.</exception>
    public void EnsurePossible()
    {
        if (Format.IsEncoded() || Scale is not null)
        {
            SkiaLibrary.EnsurePresent();
        }
    }

    /// <summary>The files that are written.</summary>
    public IReadOnlyList<string> Files => Format == PictureFormat.Raw ? [File, RawFile.DescriptionOf(File)] : [File];

    /// <summary>Makes such a file of a picture of one pixel, and throws it away: all code that this needs is loaded then.</summary>
    /// <exception cref="CaptureException"><inheritdoc cref="EnsurePossible"/></exception>
    public void Rehearse()
    {
        var picture = new Picture(DrmFormat.XR24, 1, 1, new byte[4]);
        if (Scale is not null)
        {
            picture = picture.ScaleTo(1, 1);
        }
        PictureFile.Encode(picture, Format, Compression);
    }

    /// <summary>Writes the picture, atomically.</summary>
    /// <returns>The picture that was written.</returns>
    /// <exception cref="CaptureException">The part is not inside the picture, the size is too large, or the file cannot be written.</exception>
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
