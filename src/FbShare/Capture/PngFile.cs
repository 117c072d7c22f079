using System.Buffers.Binary;
using System.IO.Hashing;
using FbShare.Pictures;

namespace FbShare.Capture;

/// <summary>PNG files.</summary>
public static class PngFile
{
    private static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', (byte)'\r', (byte)'\n', 0x1A, (byte)'\n'];

    /// <summary>Writes the picture, atomically.</summary>
    /// <inheritdoc cref="Encode"/>
    public static void Write(string path, Picture picture, bool withAlpha = false) => AtomicFile.Write(path, Encode(picture, withAlpha));

    /// <summary>Makes a PNG with 8 bits per component.</summary>
    /// <param name="picture">In any format.</param>
    /// <param name="withAlpha">Whether to keep alpha. Otherwise the file is opaque, as a screen shows the picture.</param>
    /// <exception cref="CaptureException">The picture library is missing, or the file cannot be written.</exception>
    public static byte[] Encode(Picture picture, bool withAlpha = false) => SkiaCodec.Encode(picture, PictureFormat.Png, Compression.Fast, withAlpha);

    /// <summary>Reads a PNG of any kind as AB24, or as XB24 if it has no transparency.</summary>
    /// <exception cref="CaptureException">The picture library is missing, or the bytes are not a complete PNG of a size that is allowed.</exception>
    public static Picture Decode(ReadOnlySpan<byte> file)
    {
        CheckChunks(file);
        return SkiaCodec.Decode(file, PictureFormat.Png);
    }

    /// <summary>Checks the file's chunks up to the last one, IEND (PNG specification, section 5). Skia stops reading after the last pixel, so it
    /// would not notice that a file is cut off or damaged after that.</summary>
    private static void CheckChunks(ReadOnlySpan<byte> file)
    {
        const int Around = 12; // length, type and checksum
        if (!file.StartsWith(Signature))
        {
            throw new CaptureException("not a PNG: it does not start with the signature of one");
        }
        ReadOnlySpan<byte> rest = file[Signature.Length..];
        while (true)
        {
            if (rest.Length < Around || BinaryPrimitives.ReadUInt32BigEndian(rest) is var length && length > rest.Length - Around)
            {
                throw new CaptureException("the PNG is cut short: its end is missing");
            }
            ReadOnlySpan<byte> checkedBytes = rest.Slice(4, (int)length + 4);
            if (Crc32.HashToUInt32(checkedBytes) != BinaryPrimitives.ReadUInt32BigEndian(rest[(8 + (int)length)..]))
            {
                throw new CaptureException("the PNG is damaged: a checksum is wrong");
            }
            if (checkedBytes.StartsWith("IEND"u8))
            {
                return;
            }
            rest = rest[(Around + (int)length)..];
        }
    }
}
