namespace FbShare.Capture;

/// <summary>The formats of picture files.</summary>
public enum PictureFormat
{
    /// <summary>PNG with 8 bits per component.</summary>
    Png,

    /// <summary>JPEG: small, but the pixels are not exact.</summary>
    Jpeg,

    /// <summary>Lossless WebP.</summary>
    WebP,

    /// <summary>Binary portable pixmap.</summary>
    Ppm,

    /// <summary>The bytes of the pixels, and a JSON file beside them.</summary>
    Raw,
}

/// <summary>How much time to spend on making the file small.</summary>
public enum Compression
{
    /// <summary>Milliseconds for a screen.</summary>
    Fast,

    /// <summary>As small as possible, however long it takes.</summary>
    Best,
}

/// <summary>The formats by their names.</summary>
public static class PictureFormats
{
    /// <summary>The endings of files, as messages name them.</summary>
    public const string Endings = ".png, .jpg, .webp, .ppm or .raw";

    /// <summary>The short names.</summary>
    public static IReadOnlyList<string> Names { get; } = ["png", "jpg", "webp", "ppm", "raw"];

    /// <summary>The format of a name of <see cref="Names"/>, or <c>jpeg</c>, in any case.</summary>
    public static bool TryParse(string name, out PictureFormat format)
    {
        PictureFormat? found = name.ToLowerInvariant() switch
        {
            "png" => PictureFormat.Png,
            "jpg" or "jpeg" => PictureFormat.Jpeg,
            "webp" => PictureFormat.WebP,
            "ppm" => PictureFormat.Ppm,
            "raw" => PictureFormat.Raw,
            _ => null,
        };
        format = found.GetValueOrDefault();
        return found is not null;
    }

    /// <summary>The format that a file's ending stands for.</summary>
    public static bool TryOf(string path, out PictureFormat format) => TryParse(Path.GetExtension(path).TrimStart('.'), out format);

    /// <summary>Whether <see cref="SkiaCodec"/> makes and reads such files. The other formats are not compressed.</summary>
    public static bool IsEncoded(this PictureFormat format) => format is PictureFormat.Png or PictureFormat.Jpeg or PictureFormat.WebP;
}
