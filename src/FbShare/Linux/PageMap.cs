namespace FbShare.Linux;

/// <summary>Which pages of this process's mappings are in its page table: /proc/self/pagemap.</summary>
/// <remarks>The file is opened once for the process, as long as that may still open files.</remarks>
internal sealed class PageMap
{
    private const ulong Present = 1UL << 63;

    private static readonly Lazy<FileDescriptor> File = new(() => FileDescriptor.Open("/proc/self/pagemap", writable: false));

    private readonly FileDescriptor _file = File.Value;

    // One for each small page of a 2 MiB huge page.
    private readonly ulong[] _entries = new ulong[512];

    /// <summary>A view of it with a window of its own.</summary>
    /// <exception cref="LinuxException">It cannot be opened.</exception>
    public unsafe PageMap()
    {
        var scan = new LibC.PmScanArg { size = (ulong)sizeof(LibC.PmScanArg) };
        // SAFETY: the kernel reads and writes one pm_scan_arg, the local, which names no memory to look at.
        CanScan = LibC.ioctl(_file, LibC.PAGEMAP_SCAN, &scan) == 0;
    }

    /// <summary>Whether the kernel can search a whole area in one call (PAGEMAP_SCAN, since Linux 6.7).</summary>
    public bool CanScan { get; }

    /// <summary>Searches an area for a page that is missing from the page table. A huge page counts as one. Needs <see cref="CanScan"/>.</summary>
    /// <param name="start">An address at the start of a page, in a mapping of this process.</param>
    /// <param name="length">Bytes, whole pages.</param>
    /// <returns>True if no page is missing.</returns>
    public unsafe bool Scan(nint start, long length)
    {
        // The category "present", inverted, finds missing pages. The first one ends the search.
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
        // SAFETY: the kernel writes one page_region at most (vec_len), the local. It looks at page tables only, so any address is safe.
        return LibC.ioctl(_file, LibC.PAGEMAP_SCAN, &scan) == 0;
    }

    /// <summary>Reads a window of entries, one for each small page of the address space.</summary>
    /// <param name="first">The window's first entry.</param>
    /// <param name="count">How many are wanted; a window has 512 at most.</param>
    /// <returns>The entries, valid until the next call; empty where the kernel does not give them.</returns>
    public unsafe ReadOnlySpan<ulong> Read(long first, long count)
    {
        fixed (ulong* entries = _entries)
        {
            nint length = (nint)Math.Min(count, _entries.Length) * sizeof(ulong);
            // SAFETY: pinned, and as long as the array at most.
            return LibC.pread(_file, entries, (nuint)length, first * sizeof(ulong)) == length ? new ReadOnlySpan<ulong>(_entries, 0, (int)(length / sizeof(ulong))) : [];
        }
    }

    /// <summary>Whether the page of an entry is present (bit 63).</summary>
    public static bool IsPresent(ulong entry) => entry >= Present;
}
