using System.Text.Json;
using System.Text.Json.Serialization;
using FbShare.Pictures;

namespace FbShare.Capture;

/// <summary>The bytes of the pixels, and a JSON file beside them that describes them (FILE.json).</summary>
internal static class RawFile
{
    /// <summary>Where the description of <paramref name="path"/> is.</summary>
    public static string DescriptionOf(string path) => path + ".json";

    /// <summary>Writes both files, each atomically, and none if there is no room for both.</summary>
    /// <exception cref="CaptureException">They cannot be written.</exception>
    public static void Write(string path, Picture picture) => AtomicFile.Write(path, picture.Pixels, DescriptionOf(path), Describe(picture));

    /// <summary>The file beside the pixels.</summary>
    public static byte[] Describe(Picture picture)
    {
        var description = new RawDescription(
            picture.Width, picture.Height, picture.Format.ToString(), picture.Layout.Stride, Checksum.Of(picture.Pixels));
        return [.. JsonSerializer.SerializeToUtf8Bytes(description, RawJson.Default.RawDescription), (byte)'\n'];
    }

    /// <summary>Reads both files and checks that they belong together.</summary>
    /// <exception cref="CaptureException">One is missing, or they do not agree.</exception>
    public static Picture Read(string path)
    {
        byte[] pixels = PictureFile.ReadBytes(path);
        RawDescription? description;
        try
        {
            description = JsonSerializer.Deserialize(PictureFile.ReadBytes(DescriptionOf(path)), RawJson.Default.RawDescription);
        }
        catch (JsonException e)
        {
            throw new CaptureException($"{DescriptionOf(path)} does not describe a picture: {e.Message}", e);
        }
        if (description is null
            || !DrmFormats.TryParse(description.Format, out DrmFormat format)
            || !FrameLayout.TryCreate(format, (uint)description.Width, (uint)description.Height, (uint)description.Stride, 0, pixels.Length, out FrameLayout layout, out _)
            || Checksum.Of(pixels) != description.Sha256)
        {
            throw new CaptureException($"{DescriptionOf(path)} does not describe {path}: the size, the format or the sha256 differs");
        }
        return Picture.Copy(layout, pixels);
    }
}

/// <summary>The JSON beside raw pixels.</summary>
/// <param name="Width">Pixels.</param>
/// <param name="Height">Pixels.</param>
/// <param name="Format">DRM fourcc name.</param>
/// <param name="Stride">Bytes from one row to the next.</param>
/// <param name="Sha256">Of the raw file's bytes, lower-case hex.</param>
internal sealed record RawDescription(int Width, int Height, string Format, int Stride, string Sha256);

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(RawDescription))]
internal sealed partial class RawJson : JsonSerializerContext;
