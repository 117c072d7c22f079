using System.Buffers.Binary;

namespace FbShare.Testing.Text;

/// <summary>The fonts that consoles are read with: a VGA's, which firmware, boot loaders and Linux draw with, and those that this system has
/// for its own console.</summary>
internal static class ConsoleFonts
{
    private const string SystemFolder = "/usr/share/consolefonts";

    /// <summary>Of fonts with many characters; those with fewer have the same shapes.</summary>
    private const string SystemFonts = "Uni2-*.psf.gz";
    private const int Characters = 256;

    private static readonly Lazy<IReadOnlyList<ConsoleFont>> VgaFonts = new(ReadVga);
    private static readonly Lazy<IReadOnlyList<ConsoleFont>> InstalledFonts = new(ReadInstalled);

    /// <summary>8x16, 9x16, 8x14 and 8x8 pixels.</summary>
    public static IReadOnlyList<ConsoleFont> Vga => VgaFonts.Value;

    /// <summary>Terminus and others, from the Debian package console-setup-linux; none where that is not installed.</summary>
    public static IReadOnlyList<ConsoleFont> Installed => InstalledFonts.Value;

    private static List<ConsoleFont> ReadVga()
    {
        byte[] bytes = ReadResource("cp437.bin");
        var fonts = new List<ConsoleFont>();
        int at = 0;
        foreach (int height in (ReadOnlySpan<int>)[16, 14, 8])
        {
            ReadOnlySpan<byte> shapes = bytes.AsSpan(at, Characters * height);
            ConsoleFont font = Make($"VGA 8x{height}", 8, height, shapes);
            fonts.Add(font);
            if (height == 16)
            {
                AddLinux(font);
                fonts.Add(Make("VGA 9x16", 9, height, shapes));
            }
            at += shapes.Length;
        }
        return fonts;
    }

    /// <summary>Linux draws some characters of this font in shapes of its own, which are known by their hashes alone: the shapes are Linux's.</summary>
    private static void AddLinux(ConsoleFont font)
    {
        ReadOnlySpan<byte> records = ReadResource("linux.bin");
        const int Length = 1 + 16;
        for (; !records.IsEmpty; records = records[Length..])
        {
            font.Add(BinaryPrimitives.ReadUInt128LittleEndian(records[1..]), CodePage437.Characters[records[0]]);
        }
    }

    private static byte[] ReadResource(string name)
    {
        using Stream stream = typeof(ConsoleFonts).Assembly.GetManifestResourceStream(name)!;
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    private static ConsoleFont Make(string name, int width, int height, ReadOnlySpan<byte> shapes)
    {
        var font = new ConsoleFont(name, width, height);
        Span<byte> shape = stackalloc byte[font.BytesPerShape];
        for (int code = 0; code < Characters; code++)
        {
            ReadOnlySpan<byte> rows = shapes.Slice(code * height, height);
            for (int y = 0; y < height; y++)
            {
                shape[y * font.BytesPerRow] = rows[y];
                if (width == 9)
                {
                    // A VGA repeats the eighth column of the characters that join lines and leaves the others' ninth blank.
                    shape[(y * font.BytesPerRow) + 1] = (byte)(code is >= 0xC0 and <= 0xDF ? rows[y] << 7 : 0);
                }
            }
            font.Add(shape, CodePage437.Characters[code]);
        }
        return font;
    }

    private static List<ConsoleFont> ReadInstalled()
    {
        var fonts = new List<ConsoleFont>();
        if (Directory.Exists(SystemFolder))
        {
            foreach (string file in Directory.EnumerateFiles(SystemFolder, SystemFonts).Order(StringComparer.Ordinal))
            {
                if (PsfFile.Read(file) is { } font)
                {
                    fonts.Add(font);
                }
            }
        }
        return fonts;
    }
}
