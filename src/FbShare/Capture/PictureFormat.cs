namespace FbShare.Capture;

/// <summary>What a picture's file is.</summary>
public enum PictureFormat
{
    /// <summary>PNG of 8 bits a component.</summary>
    Png,

    /// <summary>JPEG: small, and not the very pixels.</summary>
    Jpeg,

    /// <summary>WebP without loss.</summary>
    WebP,

    /// <summary>Binary portable pixmap.</summary>
    Ppm,

    /// <summary>The bytes as they are, and a JSON file beside them.</summary>
    Raw,
}

/// <summary>How hard to look for a smaller file.</summary>
public enum Compression
{
    /// <summary>A screen in milliseconds.</summary>
    Fast,

    /// <summary>A small file, however long it takes.</summary>
    Best,
}

/// <summary>The formats by their names.</summary>
public static class PictureFormats
{
    /// <summary>The endings of files, as messages name them.</summary>
    public const string Endings = ".png, .jpg, .webp, .ppm or .raw";

    /// <summary>The names, as a command line takes them.</summary>
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

    /// <summary>The format that a file's ending says.</summary>
    public static bool TryOf(string path, out PictureFormat format) => TryParse(Path.GetExtension(path).TrimStart('.'), out format);

    /// <summary>Whether files of it are made and read by <see cref="SkiaCodec"/>; the others are never compressed.</summary>
    public static bool IsEncoded(this PictureFormat format) => format is PictureFormat.Png or PictureFormat.Jpeg or PictureFormat.WebP;
}
