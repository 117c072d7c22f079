using System.Buffers.Binary;
using System.Text;
using FbShare.Pictures;

namespace FbShare.VirtioGpu;

/// <summary>Makes the EDID of an output: VESA E-EDID 1.4, and a DisplayID 1.3 extension for what its timings cannot say.</summary>
internal static class Edid
{
    /// <summary>The most bytes that <see cref="Write"/> writes: two blocks.</summary>
    public const int MaxSize = 2 * BlockSize;

    private const int BlockSize = 128;

    private const int ModelYear = 2025;

    /// <summary>2.2, as (gamma - 1) * 100.</summary>
    private const byte Gamma = 120;

    /// <summary>A pixel's size at 96 dots per inch, in tenths of a millimetre.</summary>
    private const double TenthMillimetres = 254.0 / 96;

    private const int MaxDetailedSize = 4095;
    private const int MaxDetailedClock = 65535;

    /// <summary>E-EDID 3.9: modes that a guest lists besides the preferred one; width a multiple of 8 up to 2288, 60 Hz.</summary>
    private static ReadOnlySpan<(int Width, int Height)> StandardModes =>
        new[] { (1920, 1200), (1920, 1080), (1680, 1050), (1600, 1200), (1600, 900), (1280, 1024), (1280, 800), (1280, 720) };

    /// <summary>E-EDID 3.10.3.6: six more in a descriptor.</summary>
    private static ReadOnlySpan<(int Width, int Height)> MoreStandardModes =>
        new[] { (2048, 1536), (2048, 1152), (1440, 900), (1400, 1050), (1280, 960), (1152, 864) };

    /// <summary>Writes the EDID of a monitor whose preferred mode is <paramref name="width"/> x <paramref name="height"/>.</summary>
    /// <param name="destination">At least <see cref="MaxSize"/> bytes.</param>
    /// <param name="output">The output's index; makes the serial number.</param>
    /// <param name="width">Pixels, 1 to 16384.</param>
    /// <param name="height">Pixels, 1 to 16384.</param>
    /// <param name="refresh">Frames per second, 1 to 1000.</param>
    /// <returns>How many bytes: 128, or 256 where the mode needs the extension.</returns>
    public static int Write(Span<byte> destination, int output, int width, int height, double refresh = 60)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(width, FrameLayout.MaxDimension);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(height, FrameLayout.MaxDimension);
        ArgumentOutOfRangeException.ThrowIfNotEqual(refresh is >= 1 and <= 1000, true, nameof(refresh));

        var preferred = VideoTiming.Of(width, height, refresh);
        VideoTiming detailed = LargestDetailed(width, height, refresh);
        bool extended = detailed != preferred;
        destination = destination[..(extended ? MaxSize : BlockSize)];
        destination.Clear();
        WriteBase(destination[..BlockSize], preferred, detailed, output, extended);
        if (extended)
        {
            WriteDisplayId(destination[BlockSize..], preferred, output);
        }
        return destination.Length;
    }

    /// <summary>The mode itself if a detailed timing can say it, else its smallest whole fraction that one can.</summary>
    private static VideoTiming LargestDetailed(int width, int height, double refresh)
    {
        for (int divisor = 1; ; divisor++)
        {
            var timing = VideoTiming.Of(Math.Max(1, width / divisor), Math.Max(1, height / divisor), refresh);
            if (timing is { Width: <= MaxDetailedSize, Height: <= MaxDetailedSize, PixelClock: <= MaxDetailedClock })
            {
                return timing;
            }
        }
    }

    private static void WriteBase(Span<byte> block, VideoTiming preferred, VideoTiming detailed, int output, bool extended)
    {
        ((ReadOnlySpan<byte>)[0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x00]).CopyTo(block);
        // Manufacturer FBS in three times five bits; product 1; serial number; made in 2025; EDID 1.4.
        BinaryPrimitives.WriteUInt16BigEndian(block[8..], (ushort)((('F' - '@') << 10) | (('B' - '@') << 5) | ('S' - '@')));
        BinaryPrimitives.WriteUInt16LittleEndian(block[10..], 1);
        BinaryPrimitives.WriteUInt32LittleEndian(block[12..], (uint)output + 1);
        block[17] = ModelYear - 1990;
        block[18] = 1;
        block[19] = 4;
        // Digital, 8 bits a colour, DisplayPort.
        block[20] = 0xA5;
        Size size = Size.Of(preferred);
        block[21] = (byte)(size.WidthMm / 10);
        block[22] = (byte)(size.HeightMm / 10);
        // sRGB, and the detailed timing is the native one if it is the preferred one; sRGB's chromaticities.
        block[23] = Gamma;
        block[24] = (byte)(extended ? 0x04 : 0x06);
        ((ReadOnlySpan<byte>)[0xEE, 0x91, 0xA3, 0x54, 0x4C, 0x99, 0x26, 0x0F, 0x50, 0x54]).CopyTo(block[25..]);
        // Established: 640x480, 800x600 and 1024x768 at 60 Hz.
        block[35] = 0x21;
        block[36] = 0x08;
        WriteStandardModes(block[38..], StandardModes);
        WriteDetailed(block[54..], detailed, size);
        WriteText(block[72..], 0xFC, "FbShare");
        WriteText(block[90..], 0xFF, $"FBS-{output + 1:D4}");
        block[111] = 0xFA;
        WriteStandardModes(block[113..], MoreStandardModes);
        block[125] = 0x0A;
        block[126] = (byte)(extended ? 1 : 0);
        block[127] = Checksum(block[..127]);
    }

    private static void WriteStandardModes(Span<byte> at, ReadOnlySpan<(int Width, int Height)> modes)
    {
        foreach ((int width, int height) in modes)
        {
            int aspect = true switch
            {
                _ when width * 10 == height * 16 => 0,
                _ when width * 3 == height * 4 => 1,
                _ when width * 4 == height * 5 => 2,
                _ => 3,
            };
            at[0] = (byte)((width / 8) - 31);
            at[1] = (byte)(aspect << 6);
            at = at[2..];
        }
    }

    /// <summary>E-EDID 3.10.2: an 18-byte detailed timing.</summary>
    private static void WriteDetailed(Span<byte> at, VideoTiming timing, Size size)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(at, (ushort)timing.PixelClock);
        WriteLowBytes(at[2..], timing.Width, timing.HorizontalBlank);
        WriteLowBytes(at[5..], timing.Height, timing.VerticalBlank);
        at[8] = VideoTiming.HorizontalFrontPorch;
        at[9] = VideoTiming.HorizontalSync;
        at[10] = (byte)((VideoTiming.VerticalFrontPorch << 4) | (timing.VerticalSync & 15));
        WriteLowBytes(at[12..], size.WidthMm, size.HeightMm);
        // Digital separate sync, horizontal positive, vertical negative: CVT's sign of reduced blanking.
        at[17] = 0x1A;
    }

    /// <summary>Two low bytes, then one byte with the two high nibbles.</summary>
    private static void WriteLowBytes(Span<byte> at, int first, int second)
    {
        at[0] = (byte)first;
        at[1] = (byte)second;
        at[2] = (byte)((first >> 8 << 4) | (second >> 8));
    }

    /// <summary>E-EDID 3.10.3: up to 13 characters, ended by a line feed and filled with spaces.</summary>
    private static void WriteText(Span<byte> at, byte tag, string text)
    {
        at[3] = tag;
        at[5..18].Fill((byte)' ');
        at[5 + Encoding.ASCII.GetBytes(text, at[5..])] = (byte)'\n';
    }

    /// <summary>DisplayID 1.3 in an EDID extension: product (4.1), display parameters (4.2), one type I timing (4.4.1) and
    /// the interface (4.15).</summary>
    private static void WriteDisplayId(Span<byte> block, VideoTiming preferred, int output)
    {
        block[0] = 0x70;
        Span<byte> section = block[1..127];
        section[0] = 0x13;
        section[1] = (byte)(section.Length - 5);
        // A desktop display.
        section[2] = 0x03;

        Span<byte> product = section[4..];
        product[2] = 12;
        "FBS"u8.CopyTo(product[3..]);
        product[6] = 1;
        BinaryPrimitives.WriteUInt32LittleEndian(product[8..], (uint)output + 1);
        product[13] = ModelYear - 2000;

        Span<byte> parameters = product[15..];
        parameters[0] = 0x01;
        parameters[2] = 12;
        BinaryPrimitives.WriteUInt16LittleEndian(parameters[3..], (ushort)Math.Round(preferred.Width * TenthMillimetres));
        BinaryPrimitives.WriteUInt16LittleEndian(parameters[5..], (ushort)Math.Round(preferred.Height * TenthMillimetres));
        BinaryPrimitives.WriteUInt16LittleEndian(parameters[7..], (ushort)preferred.Width);
        BinaryPrimitives.WriteUInt16LittleEndian(parameters[9..], (ushort)preferred.Height);
        parameters[12] = Gamma;
        double aspect = (double)Math.Max(preferred.Width, preferred.Height) / Math.Min(preferred.Width, preferred.Height);
        parameters[13] = (byte)Math.Clamp(Math.Round((aspect - 1) * 100), 0, 255);
        parameters[14] = 0x77;

        Span<byte> timing = parameters[15..];
        timing[0] = 0x03;
        timing[2] = 20;
        int clock = preferred.PixelClock - 1;
        timing[3] = (byte)clock;
        timing[4] = (byte)(clock >> 8);
        timing[5] = (byte)(clock >> 16);
        // Preferred; the aspect ratio is the size's.
        timing[6] = 0x88;
        WriteMinusOne(timing[7..], preferred.Width);
        WriteMinusOne(timing[9..], preferred.HorizontalBlank);
        WriteMinusOne(timing[11..], VideoTiming.HorizontalFrontPorch, positiveSync: true);
        WriteMinusOne(timing[13..], VideoTiming.HorizontalSync);
        WriteMinusOne(timing[15..], preferred.Height);
        WriteMinusOne(timing[17..], preferred.VerticalBlank);
        WriteMinusOne(timing[19..], VideoTiming.VerticalFrontPorch);
        WriteMinusOne(timing[21..], preferred.VerticalSync);

        // DisplayPort 1.2 with four lanes; RGB at 8 bits a colour.
        Span<byte> link = timing[23..];
        link[0] = 0x0F;
        link[2] = 10;
        link[3] = 0xA4;
        link[4] = 0x12;
        link[5] = 0x02;

        section[^1] = Checksum(section[..^1]);
        block[127] = Checksum(block[..127]);
    }

    private static void WriteMinusOne(Span<byte> at, int value, bool positiveSync = false) =>
        BinaryPrimitives.WriteUInt16LittleEndian(at, (ushort)((value - 1) | (positiveSync ? 0x8000 : 0)));

    /// <summary>What makes the bytes' sum a multiple of 256.</summary>
    private static byte Checksum(ReadOnlySpan<byte> bytes)
    {
        byte sum = 0;
        foreach (byte b in bytes)
        {
            sum += b;
        }
        return (byte)-sum;
    }

    /// <summary>The picture's size; zero, which is "unknown", where a base block's centimetres cannot say it.</summary>
    private readonly record struct Size(int WidthMm, int HeightMm)
    {
        public static Size Of(VideoTiming timing)
        {
            var size = new Size((int)Math.Round(timing.Width * TenthMillimetres / 10), (int)Math.Round(timing.Height * TenthMillimetres / 10));
            return size is { WidthMm: >= 100 and < 2560, HeightMm: >= 100 and < 2560 } ? size : default;
        }
    }
}
