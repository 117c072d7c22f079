namespace FbShare.Capture;

/// <summary>Writes and reads picture files. The file's ending gives the format (<see cref="PictureFormats.Endings"/>); a .raw file has a
/// .raw.json beside it.</summary>
public static class PictureFile
{
    /// <summary>Writes the picture atomically, in the format of the file's ending. It becomes opaque, except in a raw file.</summary>
    /// <exception cref="CaptureException">The ending is unknown, or the file cannot be written.</exception>
    public static void Write(string path, Picture picture) =>
        Write(path, picture, PictureFormats.TryOf(path, out PictureFormat format) ? format : throw UnknownEnding(path), Compression.Fast);

    /// <summary>Writes the picture in the given format, whatever the file's ending.</summary>
    public static void Write(string path, Picture picture, PictureFormat format, Compression compression)
    {
        if (format == PictureFormat.Raw)
        {
            RawFile.Write(path, picture);
        }
        else
        {
            AtomicFile.Write(path, Encode(picture, format, compression));
        }
    }

    /// <summary>The bytes of a picture file; of a raw file's two files the one that describes it.</summary>
    internal static byte[] Encode(Picture picture, PictureFormat format, Compression compression) => format switch
    {
        PictureFormat.Ppm => PpmFile.Encode(picture),
        PictureFormat.Raw => RawFile.Describe(picture),
        _ => SkiaCodec.Encode(picture, format, compression),
    };

    /// <summary>Reads a picture.</summary>
    /// <exception cref="CaptureException">The ending is unknown, or the file cannot be read.</exception>
    public static Picture Read(string path)
    {
        if (!PictureFormats.TryOf(path, out PictureFormat format))
        {
            throw UnknownEnding(path);
        }
        try
        {
            return format switch
            {
                PictureFormat.Png => PngFile.Decode(ReadBytes(path)),
                PictureFormat.Ppm => PpmFile.Decode(ReadBytes(path)),
                PictureFormat.Raw => RawFile.Read(path),
                _ => SkiaCodec.Decode(ReadBytes(path), format),
            };
        }
        catch (CaptureException e) when (!e.LacksLibrary && !e.Message.Contains(path, StringComparison.Ordinal))
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
        new($"the picture format of {path} is not known: name the file {PictureFormats.Endings}");
}
