using FbShare.Rig.Driver;

namespace FbShare.Tests.Device;

/// <summary>Pictures known by formula, and the same written as a guest would: the expectation of every pixel test here.</summary>
internal static class Reference
{
    /// <summary>The eight formats: virtio's number, DRM's name, and the order of bytes in memory ('-' is X).</summary>
    public static readonly (uint Virtio, string Drm, string Bytes)[] Formats =
    [
        (1, "AR24", "BGRA"), (2, "XR24", "BGR-"), (3, "BA24", "ARGB"), (4, "BX24", "-RGB"),
        (67, "AB24", "RGBA"), (68, "RX24", "-BGR"), (121, "RA24", "ABGR"), (134, "XB24", "RGB-"),
    ];

    public static byte Component(char name, int x, int y, int seed) => name switch
    {
        'R' => (byte)((x * 7) + (y * 3) + seed),
        'G' => (byte)((x * 5) ^ (y * 11) ^ seed),
        'B' => (byte)(x + (y * 13) + (seed * 17)),
        'A' => (byte)((x ^ y) + seed),
        _ => 0x5a,
    };

    /// <summary>The bytes of one row of the formula's picture.</summary>
    public static byte[] Row(string order, int x, int width, int y, int seed)
    {
        var row = new byte[width * 4];
        for (int i = 0; i < row.Length; i++)
        {
            row[i] = Component(order[i % 4], x + (i / 4), y, seed);
        }
        return row;
    }

    /// <summary>Draws it into scattered guest memory.</summary>
    public static void Draw(GuestRam ram, (ulong Address, uint Length)[] pages, string order, int width, int height, int stride, int offset, int seed)
    {
        for (int y = 0; y < height; y++)
        {
            Write(ram, pages, offset + ((long)y * stride), Row(order, 0, width, y, seed));
        }
    }

    public static void Write(GuestRam ram, (ulong Address, uint Length)[] pages, long at, ReadOnlySpan<byte> bytes)
    {
        foreach ((ulong address, uint length) in pages)
        {
            if (at < length && bytes.Length > 0)
            {
                int count = (int)Math.Min(bytes.Length, length - at);
                bytes[..count].CopyTo(ram.At(address + (ulong)at, count));
                bytes = bytes[count..];
                at += count;
            }
            at -= length;
            if (at < 0)
            {
                at = 0;
            }
        }
    }

    /// <summary>Whether a shown picture is the formula's, byte for byte.</summary>
    public static void AssertShown(Screen screen, string drm, string order, int width, int height, int seed, int fromX = 0, int fromY = 0)
    {
        Assert.Equal(drm, screen.Layout.Format.ToString());
        Assert.Equal((width, height), (screen.Layout.Width, screen.Layout.Height));
        for (int y = 0; y < height; y++)
        {
            Assert.True(
                Row(order, fromX, width, fromY + y, seed).AsSpan().SequenceEqual(screen.Row(y)),
                $"row {y} of {width}x{height} {drm} differs");
        }
    }

    /// <summary>Guest memory in pieces.</summary>
    /// <param name="fragment">0 for one piece, else the most pages in a piece; pieces are in shuffled order, so that none merge.</param>
    public static (ulong Address, uint Length)[] Scatter(long bytes, int fragment, int seed, ulong from = FrontEndDriver.FreeMemory)
    {
        const int page = 4096;
        int pages = (int)((bytes + page - 1) / page);
        if (fragment == 0)
        {
            return [(from, (uint)(pages * page))];
        }
        int count = (pages + fragment - 1) / fragment;
        var order = Enumerable.Range(0, count).ToArray();
        new Random(seed).Shuffle(order);
        // A gap after each keeps even neighbours apart.
        return [.. order.Select((place, i) => (from + ((ulong)place * (ulong)((fragment + 1) * page)), (uint)(Math.Min(fragment, pages - (i * fragment)) * page)))];
    }
}
