using System.Runtime.InteropServices;
using FbShare.Linux;
using FbShare.Memory;
using FbShare.Pictures;

namespace FbShare.QemuTests.Testbed;

/// <summary>Guest memory of a test, in one or two memfds, and a guest that draws into its pages.</summary>
internal sealed class GuestPages : IDisposable
{
    /// <summary>Guest address of the second memfd.</summary>
    public const ulong Second = 1UL << 40;

    public const int Page = 4096;

    private readonly GuestMemoryMap _map = new();
    private readonly MemoryMapping[] _mappings;

    public GuestPages(long bytes, bool hugetlb = false, MemFdSeals seals = MemFdSeals.Shrink | MemFdSeals.Grow)
    {
        Files = [MemFd.Create("guest", bytes, hugetlb, seals), MemFd.Create("guest-2", hugetlb ? 2 << 20 : bytes, hugetlb, seals)];
        _mappings = [.. Files.Select(f => MemoryMapping.Map(f, 0, f.GetStatus().Size, writable: true))];
        _map.Add(MemoryRegion.Map(Files[0].Duplicate(), 0, (ulong)bytes, 0, 0));
        _map.Add(MemoryRegion.Map(Files[1].Duplicate(), Second, (ulong)Files[1].GetStatus().Size, Second, 0));
    }

    public FileDescriptor[] Files { get; }

    public Backing Make(params (ulong Address, uint Length)[] entries) =>
        Backing.TryCreate(_map, [.. entries.Select(e => new MemoryEntry(e.Address, e.Length))], out Backing? backing, out string? why)
            ? backing
            : throw new InvalidOperationException(why);

    /// <summary>The guest draws a random picture.</summary>
    /// <returns>What must be seen: R, G, B, A of every pixel.</returns>
    public byte[] Draw((ulong Address, uint Length)[] entries, FrameLayout layout, int seed)
    {
        var noise = new Noise(seed);
        long[] starts = new long[entries.Length];
        for (int i = 1; i < entries.Length; i++)
        {
            starts[i] = starts[i - 1] + entries[i - 1].Length;
        }
        byte[] row = new byte[layout.RowBytes];
        for (int y = 0; y < layout.Height; y++)
        {
            noise.Fill(row);
            Copy(entries, starts, layout.OffsetOf(0, y), row, write: true);
        }
        // Where the list names a page twice, the last word counts: look at all of it only now.
        byte[] seen = new byte[layout.RowBytes * layout.Height];
        string order = Orders[layout.Format.ToString()];
        int[] shifts = [.. "RGBA".Select(c => 8 * order.IndexOf(c))];
        for (int y = 0; y < layout.Height; y++)
        {
            Copy(entries, starts, layout.OffsetOf(0, y), row, write: false);
            Reorder(MemoryMarshal.Cast<byte, uint>(row), MemoryMarshal.Cast<byte, uint>(seen.AsSpan(y * layout.RowBytes, layout.RowBytes)), shifts);
        }
        return seen;
    }

    public void Dispose()
    {
        _map.Dispose();
        foreach (MemoryMapping mapping in _mappings)
        {
            mapping.Dispose();
        }
        foreach (FileDescriptor file in Files)
        {
            file.Dispose();
        }
    }

    /// <summary>Bytes in memory, from drm_fourcc.h: the name's components from the last to the first.</summary>
    private static readonly Dictionary<string, string> Orders = new()
    {
        ["XR24"] = "BGRX",
        ["AR24"] = "BGRA",
        ["BX24"] = "XRGB",
        ["BA24"] = "ARGB",
        ["XB24"] = "RGBX",
        ["AB24"] = "RGBA",
        ["RX24"] = "XBGR",
        ["RA24"] = "ABGR",
    };

    /// <summary>Puts each pixel's bytes in the order R, G, B, A; alpha is 255 where the format has none.</summary>
    /// <param name="shifts">Where in a word red, green, blue and alpha are; negative: nowhere.</param>
    private static void Reorder(ReadOnlySpan<uint> pixels, Span<uint> seen, int[] shifts)
    {
        (int red, int green, int blue, int alpha) = (shifts[0], shifts[1], shifts[2], shifts[3]);
        for (int i = 0; i < pixels.Length; i++)
        {
            uint pixel = pixels[i];
            seen[i] = ((pixel >> red) & 255) | (((pixel >> green) & 255) << 8) | (((pixel >> blue) & 255) << 16) | (alpha < 0 ? 0xFF000000 : (pixel >> alpha) << 24);
        }
    }

    /// <param name="starts">Where in the picture each entry begins.</param>
    private void Copy((ulong Address, uint Length)[] entries, long[] starts, long place, Span<byte> bytes, bool write)
    {
        int found = Array.BinarySearch(starts, place);
        for (int i = found < 0 ? ~found - 1 : found; !bytes.IsEmpty; i++)
        {
            (ulong address, uint length) = entries[i];
            long within = place - starts[i];
            int count = (int)Math.Min(bytes.Length, length - within);
            (MemoryMapping mapping, ulong at) = address >= Second ? (_mappings[1], address - Second) : (_mappings[0], address);
            Span<byte> memory = mapping.Slice((long)at + within, count);
            if (write)
            {
                bytes[..count].CopyTo(memory);
            }
            else
            {
                memory.CopyTo(bytes);
            }
            bytes = bytes[count..];
            place += count;
        }
    }
}
