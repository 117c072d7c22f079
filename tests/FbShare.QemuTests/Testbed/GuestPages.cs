using FbShare.Display;
using FbShare.Linux;
using FbShare.Memory;

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
        Files = [MemFd.Create("guest", bytes, seals, hugetlb), MemFd.Create("guest-2", hugetlb ? 2 << 20 : bytes, seals, hugetlb)];
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
        byte[] row = new byte[layout.RowBytes];
        for (int y = 0; y < layout.Height; y++)
        {
            noise.Fill(row);
            Copy(entries, layout.OffsetOf(0, y), row, write: true);
        }
        // Where the list names a page twice, the last word counts: look at all of it only now.
        byte[] seen = new byte[layout.RowBytes * layout.Height];
        string order = Orders[layout.Format.ToString()];
        int[] places = [.. order.Select(c => "RGBA".IndexOf(c))];
        int unused = order.IndexOf('X');
        for (int y = 0; y < layout.Height; y++)
        {
            Copy(entries, layout.OffsetOf(0, y), row, write: false);
            Span<byte> line = seen.AsSpan(y * layout.RowBytes, layout.RowBytes);
            for (int pixel = 0; pixel < line.Length; pixel += 4)
            {
                line[pixel + 3] = 255;
                for (int i = 0; i < 4; i++)
                {
                    if (i != unused)
                    {
                        line[pixel + places[i]] = row[pixel + i];
                    }
                }
            }
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

    private void Copy((ulong Address, uint Length)[] entries, long place, Span<byte> bytes, bool write)
    {
        long start = 0;
        foreach ((ulong address, uint length) in entries)
        {
            long within = place - start;
            if (within >= 0 && within < length)
            {
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
                if (bytes.IsEmpty)
                {
                    return;
                }
            }
            start += length;
        }
        throw new InvalidOperationException("the picture is larger than its pages");
    }
}
