namespace FbShare.Capture;

/// <summary>A picture in a file whose ending says the format: .png, .ppm, or .raw with its .raw.json.</summary>
public static class PictureFile
{
    /// <summary>Whether <paramref name="path"/> ends in one of the formats, so that a command can refuse early.</summary>
    public static bool IsSupported(string path) => Path.GetExtension(path).ToLowerInvariant() is ".png" or ".ppm" or ".raw";

    /// <summary>Writes the picture, atomically and opaque (raw keeps every byte).</summary>
    /// <exception cref="CaptureException">The ending is none of these, or the file cannot be written.</exception>
    public static void Write(string path, Picture picture)
    {
        switch (Path.GetExtension(path).ToLowerInvariant())
        {
            case ".png":
                PngFile.Write(path, picture);
                break;
            case ".ppm":
                PpmFile.Write(path, picture);
                break;
            case ".raw":
                RawFile.Write(path, picture);
                break;
            default:
                throw UnknownEnding(path);
        }
    }

    /// <summary>Reads a picture.</summary>
    /// <exception cref="CaptureException">The ending is none of these, or the file cannot be read.</exception>
    public static Picture Read(string path)
    {
        try
        {
            return Path.GetExtension(path).ToLowerInvariant() switch
            {
                ".png" => PngFile.Decode(ReadBytes(path)),
                ".ppm" => PpmFile.Decode(ReadBytes(path)),
                ".raw" => RawFile.Read(path),
                _ => throw UnknownEnding(path),
            };
        }
        catch (CaptureException e) when (!e.Message.Contains(path, StringComparison.Ordinal))
        {
            throw new CaptureException($"cannot read {path}: {e.Message}", e);
        }
    }

    internal static byte[] ReadBytes(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CaptureException($"cannot read {path}: {(e is FileNotFoundException or DirectoryNotFoundException ? "there is no such file" : e.Message)}", e);
        }
    }

    private static CaptureException UnknownEnding(string path) =>
        new($"the picture format of {path} is not known: name the file .png, .ppm or .raw");
}
