using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace FbShare.Testing.Text;

/// <summary>The fonts of Linux's console: PC Screen Font, versions 1 and 2, gzipped or not (linux: kbd's psf.h).</summary>
internal static class PsfFile
{
    /// <summary>The largest console fonts have some ten thousand bytes.</summary>
    private const int MostBytes = 1 << 20;
    private const int MostSize = 64;
    private const int MostShapes = 4096;
    private const byte HasTable = 2;
    private const ushort EndOfList = 0xFFFF;
    private const ushort StartOfSequence = 0xFFFE;

    /// <summary>Reads a font.</summary>
    /// <returns>Null if the bytes are no such font, or one that does not say which characters its shapes are.</returns>
    public static ConsoleFont? Read(string path)
    {
        try
        {
            using FileStream file = File.OpenRead(path);
            using Stream content = path.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(file, CompressionMode.Decompress) : file;
            byte[] bytes = new byte[MostBytes];
            int length = content.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            string name = Path.GetFileName(path).Split('.')[0];
            return Parse(name, bytes.AsSpan(0, length));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            return null;
        }
    }

    internal static ConsoleFont? Parse(string name, ReadOnlySpan<byte> bytes)
    {
        if (bytes.StartsWith<byte>([0x36, 0x04]) && bytes.Length > 4 && (bytes[2] & HasTable) != 0)
        {
            int count = (bytes[2] & 1) != 0 ? 512 : 256;
            return ParseShapes(name, 8, bytes[3], count, bytes[4..], ReadUtf16List);
        }
        if (bytes.StartsWith<byte>([0x72, 0xB5, 0x4A, 0x86]) && bytes.Length > 32 && (BinaryPrimitives.ReadUInt32LittleEndian(bytes[12..]) & 1) != 0)
        {
            uint header = BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]);
            uint count = BinaryPrimitives.ReadUInt32LittleEndian(bytes[16..]);
            uint height = BinaryPrimitives.ReadUInt32LittleEndian(bytes[24..]);
            uint width = BinaryPrimitives.ReadUInt32LittleEndian(bytes[28..]);
            return header > bytes.Length || count > MostShapes || height > MostSize || width > MostSize
                ? null
                : ParseShapes(name, (int)width, (int)height, (int)count, bytes[(int)header..], ReadUtf8List);
        }
        return null;
    }

    private delegate char ListReader(ref ReadOnlySpan<byte> table);

    private static ConsoleFont? ParseShapes(string name, int width, int height, int count, ReadOnlySpan<byte> bytes, ListReader read)
    {
        if (width is < 1 or > MostSize || height is < 1 or > MostSize)
        {
            return null;
        }
        var font = new ConsoleFont(name, width, height);
        if (bytes.Length < count * font.BytesPerShape)
        {
            return null;
        }
        ReadOnlySpan<byte> table = bytes[(count * font.BytesPerShape)..];
        for (int i = 0; i < count && !table.IsEmpty; i++)
        {
            if (read(ref table) is not '\0' and var character)
            {
                font.Add(bytes.Slice(i * font.BytesPerShape, font.BytesPerShape), character);
            }
        }
        return font;
    }

    /// <summary>The first character of a shape's list, or the ASCII one among them; 0 if there is none.</summary>
    private static char ReadUtf16List(ref ReadOnlySpan<byte> table)
    {
        char best = '\0';
        bool inSequence = false;
        while (table.Length >= 2)
        {
            ushort unit = BinaryPrimitives.ReadUInt16LittleEndian(table);
            table = table[2..];
            if (unit == EndOfList)
            {
                return best;
            }
            inSequence |= unit == StartOfSequence;
            best = inSequence ? best : Better(best, (char)unit);
        }
        table = default;
        return best;
    }

    private static char ReadUtf8List(ref ReadOnlySpan<byte> table)
    {
        int end = table.IndexOf((byte)0xFF);
        ReadOnlySpan<byte> list = end < 0 ? table : table[..end];
        table = end < 0 ? default : table[(end + 1)..];
        int sequence = list.IndexOf((byte)0xFE);
        char best = '\0';
        foreach (char character in Encoding.UTF8.GetString(sequence < 0 ? list : list[..sequence]))
        {
            best = Better(best, character);
        }
        return best;
    }

    private static char Better(char one, char other) => one == '\0' || (char.IsAscii(other) && !char.IsAscii(one)) ? other : one;
}
