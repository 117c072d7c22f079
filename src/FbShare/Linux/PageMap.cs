namespace FbShare.Linux;

/// <summary>Which pages of this process's mappings are in its page table: /proc/self/pagemap.</summary>
public sealed unsafe class PageMap : IDisposable
{
    private const ulong Present = 1UL << 63;

    private readonly FileDescriptor _file = FileDescriptor.Open("/proc/self/pagemap", writable: false);

    // As many as a huge page of 2 MiB has.
    private readonly ulong[] _entries = new ulong[512];

    /// <summary>Opens it.</summary>
    /// <exception cref="LinuxException">There is none.</exception>
    public PageMap()
    {
        var scan = new LibC.PmScanArg { size = (ulong)sizeof(LibC.PmScanArg) };
        CanScan = LibC.ioctl(_file, LibC.PAGEMAP_SCAN, &scan) == 0;
    }

    /// <summary>Whether the kernel looks through an area by itself, in one call (PAGEMAP_SCAN, since Linux 6.7).</summary>
    public bool CanScan { get; }

    /// <summary>Has the kernel look for a page that is not there. A huge page counts as one. Needs <see cref="CanScan"/>.</summary>
    /// <param name="start">In bytes, at a page's begin, as the length; the area lies in mappings of this process.</param>
    /// <returns>Whether all are there.</returns>
    public bool Scan(nint start, long length)
    {
        // Not there: the category, inverted. The first such region ends the walk.
        LibC.PageRegion gap;
        var scan = new LibC.PmScanArg
        {
            size = (ulong)sizeof(LibC.PmScanArg),
            start = (ulong)start,
            end = (ulong)(start + length),
            vec = (ulong)&gap,
            vec_len = 1,
            max_pages = 1,
            category_inverted = LibC.PAGE_IS_PRESENT,
            category_mask = LibC.PAGE_IS_PRESENT,
            return_mask = LibC.PAGE_IS_PRESENT,
        };
        return LibC.ioctl(_file, LibC.PAGEMAP_SCAN, &scan) == 0;
    }

    /// <summary>Reads a window of entries, one for each small page of the address space.</summary>
    /// <param name="first">The window's first entry.</param>
    /// <param name="count">How many are wanted; a window has 512 at most.</param>
    /// <returns>What was read, until the next call; empty where the kernel does not tell.</returns>
    public ReadOnlySpan<ulong> Read(long first, long count)
    {
        fixed (ulong* entries = _entries)
        {
            nint length = (nint)Math.Min(count, _entries.Length) * sizeof(ulong);
            return LibC.pread(_file, entries, (nuint)length, first * sizeof(ulong)) == length ? new ReadOnlySpan<ulong>(_entries, 0, (int)(length / sizeof(ulong))) : [];
        }
    }

    /// <summary>Whether an entry is a page that is there (bit 63).</summary>
    public static bool IsPresent(ulong entry) => entry >= Present;

    public void Dispose() => _file.Dispose();
}
