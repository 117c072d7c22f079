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

    /// <summary>Makes a PNG of 8 bits a component.</summary>
    /// <param name="withAlpha">Keep alpha. Otherwise the picture is opaque, as a screen shows it.</param>
    /// <exception cref="CaptureException">The picture library is missing, or the file cannot be written.</exception>
    public static byte[] Encode(Picture picture, bool withAlpha = false) => SkiaCodec.Encode(picture, PictureFormat.Png, Compression.Fast, withAlpha);

    /// <summary>Reads a PNG of any kind as AB24, or as XB24 if it has no transparency.</summary>
    /// <exception cref="CaptureException">The picture library is missing, or the bytes are no whole PNG that fits.</exception>
    public static Picture Decode(ReadOnlySpan<byte> file)
    {
        CheckChunks(file);
        return SkiaCodec.Decode(file, PictureFormat.Png);
    }

    /// <summary>Goes through the file's chunks to the last, IEND (PNG specification, section 5): Skia reads no further than the last pixel
    /// and would take a file that was cut or damaged after it for a good one.</summary>
    private static void CheckChunks(ReadOnlySpan<byte> file)
    {
        const int Around = 12; // length, type and check sum
        if (!file.StartsWith(Signature))
        {
            throw new CaptureException("not a PNG: it does not begin as one");
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
                throw new CaptureException("the PNG is broken: a check sum in it is wrong");
            }
            if (checkedBytes.StartsWith("IEND"u8))
            {
                return;
            }
            rest = rest[(Around + (int)length)..];
        }
    }
}
