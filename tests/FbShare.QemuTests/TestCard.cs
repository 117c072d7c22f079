using FbShare.Capture;
using FbShare.Pictures;

namespace FbShare.QemuTests;

/// <summary>The guest's test card as tools/guest/CARD.md defines it: written from that page alone. Bytes R, G, B, packed rows.</summary>
internal static class TestCard
{
    public static byte[] Still(int width, int height, uint frame) => Draw(width, height, frame, Kind.Still);

    public static byte[] Bar(int width, int height, uint frame) => Draw(width, height, frame, Kind.Bar);

    public static byte[] Full(int width, int height, uint frame) => Draw(width, height, frame, Kind.Full);

    /// <summary>Rule e: rectangles over a still card.</summary>
    public static byte[] Dirty(int width, int height, uint frame, uint seed, int count = 8)
    {
        byte[] picture = Still(width, height, frame);
        uint state = seed;
        for (int k = 0; k < count; k++)
        {
            int w = 1 + Next(width / 2);
            int h = 1 + Next(height / 2);
            int x = Next(width - w + 1);
            int y = Next(height - h + 1);
            (int r, int g, int b) = (Next(65536) & 255, Next(65536) & 255, Next(65536) & 255);
            for (int py = y; py < y + h; py++)
            {
                for (int px = x; px < x + w; px++)
                {
                    Set(picture, width, px, py, r, g, b);
                }
            }
        }
        return picture;

        int Next(int modulus)
        {
            state = unchecked((state * 1664525) + 1013904223);
            return (int)(state >> 16) % modulus;
        }
    }

    /// <summary>The still card with the cursor's 64x64 pixels over it.</summary>
    public static byte[] WithCursor(int width, int height, uint frame, int cursorX, int cursorY)
    {
        byte[] picture = Still(width, height, frame);
        for (int y = 0; y < 64; y++)
        {
            for (int x = 0; x < 64; x++)
            {
                (int px, int py) = (cursorX + x, cursorY + y);
                if (px < 0 || py < 0 || px >= width || py >= height)
                {
                    continue;
                }
                if (y < 32)
                {
                    Set(picture, width, px, py, x < 32 ? 255 : 0, x < 32 ? 0 : 255, 0);
                }
                else if (x >= 32)
                {
                    int at = ((py * width) + px) * 3;
                    Set(picture, width, px, py, Half(picture[at]), Half(picture[at + 1]), 128 + Half(picture[at + 2]));
                }
            }
        }
        return picture;

        // What a half transparent (128 of 255) pixel lets through, rounded.
        static int Half(int value) => ((value * 127) + 127) / 255;
    }

    /// <summary>The frame number that a picture shows; null if its cells are no number.</summary>
    public static uint? ReadFrame(ReadOnlySpan<byte> rgb, int width)
    {
        uint frame = 0;
        for (int i = 0; i < 32; i++)
        {
            byte upper = rgb[((12 * width) + 12 + (8 * i)) * 3];
            byte lower = rgb[((20 * width) + 12 + (8 * i)) * 3];
            if ((upper ^ lower) != 255)
            {
                return null;
            }
            frame |= upper == 255 ? 1u << i : 0;
        }
        return frame;
    }

    private enum Kind
    {
        Still,
        Bar,
        Full,
    }

    private static byte[] Draw(int width, int height, uint frame, Kind kind)
    {
        var picture = new byte[width * height * 3];
        int third = height / 3;
        (int, int, int)[] bars = [(255, 255, 255), (255, 255, 0), (0, 255, 255), (0, 255, 0), (255, 0, 255), (255, 0, 0), (0, 0, 255), (0, 0, 0)];
        var bar = new HashSet<int>(Enumerable.Range(0, 64).Select(k => (int)((((ulong)frame * 16) + (ulong)k) % (ulong)width)));
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                int r, g, b;
                if (y < third)
                {
                    (r, g, b) = bars[x * 8 / width];
                }
                else if (y < 2 * third)
                {
                    (r, g, b) = (x * 255 / (width - 1), y * 255 / (height - 1), 128);
                }
                else
                {
                    (r, g, b) = (x & 255, y & 255, (((x >> 8) << 4) | (y >> 8)) & 255);
                    b ^= ((x ^ y) & 1) * 64;
                }
                if (kind == Kind.Full)
                {
                    (r, g, b) = (r ^ (int)(frame & 255), g ^ (int)((frame * 3) & 255), b ^ (int)((frame * 5) & 255));
                }
                if (kind == Kind.Bar && bar.Contains(x))
                {
                    (r, g, b) = (255, 128, 0);
                }
                if (x is >= 8 and < 264 && y is >= 8 and < 24)
                {
                    bool set = (frame >> ((x - 8) / 8) & 1) == 1;
                    r = g = b = set == (y < 16) ? 255 : 0;
                }
                if (x == 0 || y == 0 || x == width - 1 || y == height - 1)
                {
                    r = g = b = 255;
                }
                Set(picture, width, x, y, r, g, b);
            }
        }
        return picture;
    }

    /// <summary>The card as a picture of four bytes a pixel.</summary>
    public static Picture ToPicture(byte[] rgb, int width, int height)
    {
        var words = new byte[width * height * 4];
        for (int i = 0; i < width * height; i++)
        {
            (words[i * 4], words[(i * 4) + 1], words[(i * 4) + 2]) = (rgb[(i * 3) + 2], rgb[(i * 3) + 1], rgb[i * 3]);
        }
        return new Picture(DrmFormat.XR24, width, height, words);
    }

    private static void Set(byte[] picture, int width, int x, int y, int r, int g, int b)
    {
        int at = ((y * width) + x) * 3;
        (picture[at], picture[at + 1], picture[at + 2]) = ((byte)r, (byte)g, (byte)b);
    }
}
