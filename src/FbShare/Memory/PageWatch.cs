using System.Runtime.InteropServices;
using FbShare.Linux;

namespace FbShare.Memory;

/// <summary>Tells whether file ranges still consist of the same pages as when the watch started.</summary>
/// <remarks>
/// <para>When a hole is punched in a memfd (balloon, virtio-mem, postcopy), its pages are freed, and the next access brings new ones. A
/// udmabuf that was made before keeps the old pages. Nothing reports this, and the contents are the same until the guest draws. But the
/// kernel also removes the freed pages from every page table (unmap_mapping_range). So the watch has its own mapping of the ranges,
/// which nobody reads: an entry that was present and is no longer (/proc/self/pagemap, bit 63) shows that its page was replaced. A page
/// that was only reclaimed looks the same, so there can be false alarms, but a replaced page is always found.</para>
/// <para>Reading thousands of entries for every frame would cost too much. Punching a hole in a shmem file changes its ctime, so the
/// entries are read only if fstat(2) shows a new one. (The first write to a page changes the ctime too, later ones do not.) hugetlb
/// files do not update their ctime, but their block count is lower while a page is missing. To find a huge page that was freed and came
/// back between two checks, three runs of pages are read every time, in turn; few pictures have more. Before Linux 6.7, which can
/// search a run in one call, a run is one huge page.</para>
/// </remarks>
internal sealed class PageWatch : IDisposable
{
    private readonly PageMap _pages = new();
    private readonly List<WatchedFile> _files = [];

    /// <summary>Starts to watch.</summary>
    /// <param name="ranges">Page-aligned; their files must stay open while this lives.</param>
    /// <exception cref="LinuxException">The kernel or its settings do not allow it (Linux before 5.14, no /proc/self/pagemap).</exception>
    public PageWatch(IEnumerable<FileRange> ranges)
        : this(ranges, mayScan: true)
    {
    }

    /// <param name="mayScan">Whether to let the kernel search whole runs where it can.</param>
    internal PageWatch(IEnumerable<FileRange> ranges, bool mayScan)
    {
        try
        {
            // Thousands of ranges may share one file, or two descriptors of it: fstat(2) is called once for each descriptor.
            Dictionary<FileDescriptor, (ulong, ulong)> identities = ranges.Select(r => r.File).Distinct().ToDictionary(f => f, Identity);
            foreach ((ulong, ulong) identity in identities.Values.Distinct())
            {
                _files.Add(new WatchedFile(_pages, ranges.Where(r => identities[r.File] == identity).ToArray(), mayScan && _pages.CanScan));
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Whether no page was replaced. After one was, make a new udmabuf and a new watch.</summary>
    public bool IsIntact()
    {
        foreach (WatchedFile file in _files)
        {
            if (!file.IsIntact())
            {
                return false;
            }
        }
        return true;
    }

    public void Dispose()
    {
        foreach (WatchedFile file in _files)
        {
            file.Dispose();
        }
    }

    private static (ulong Device, ulong Inode) Identity(FileDescriptor file)
    {
        FileStatus status = file.GetStatus();
        return (status.Device, status.Inode);
    }

    /// <summary>The ranges of one file, and a mapping that reaches from the first to the last.</summary>
    private sealed class WatchedFile : IDisposable
    {
        /// <summary>Nanoseconds, twice a tick of the clock of file times (at least 100 Hz): a second change within a tick does not show.</summary>
        private const long ClockTick = 20_000_000;

        /// <summary>How many runs of huge pages are read every time.</summary>
        private const int Looks = 3;

        /// <summary>Up to this many runs, one call for each is cheaper than reading all entries, 512 at a time.</summary>
        private const int MostScans = 128;

        private readonly PageMap _pages;
        private readonly FileDescriptor _file;
        private readonly bool _scans;
        private readonly bool _hugetlb;
        private readonly MemoryMapping _mapping;

        /// <summary>Runs of page map entries.</summary>
        private readonly List<(long First, long Count)> _runs;
        private long _settled = -1;
        private int _turn;

        /// <param name="ranges">All of the same file; the array is overwritten.</param>
        public unsafe WatchedFile(PageMap pages, Span<FileRange> ranges, bool scans)
        {
            _pages = pages;
            _scans = scans;
            _file = ranges[0].File;
            _hugetlb = _file.IsHugeTlb();
            long small = Environment.SystemPageSize;
            long page = _hugetlb ? _file.GetStatus().BlockSize : small;
            ReadOnlySpan<FileRange> joined = Join(ranges, page);
            _runs = new List<(long First, long Count)>(joined.Length);
            long first = joined[0].Offset;
            _mapping = MemoryMapping.Map(_file, first, joined[^1].End - first, writable: false);
            foreach (FileRange range in joined)
            {
                // SAFETY: the mapping reaches from the first range's start to the last one's end, so every range is inside it.
                byte* address = _mapping.Pointer + (range.Offset - first);
                if (!_hugetlb)
                {
                    Touch(address, range.Length, small);
                }
                else if (LibC.madvise(address, (nuint)range.Length, LibC.MADV_POPULATE_READ) < 0)
                {
                    var failure = new LinuxException("madvise(MADV_POPULATE_READ)");
                    _mapping.Dispose();
                    throw failure;
                }
                long run = _hugetlb && !scans ? page : range.Length;
                for (long offset = 0; offset < range.Length; offset += run)
                {
                    _runs.Add((((nint)address + offset) / small, run / small));
                }
            }
        }

        public bool IsIntact()
        {
            FileStatus status = _file.GetStatus();
            long mark = _hugetlb ? status.Blocks : status.ChangedAt;
            if (mark == _settled)
            {
                return !_hugetlb || AreNextPresent();
            }
            if (!AreAllPresent())
            {
                return false;
            }
            bool isLongPast = ((DateTime.UtcNow - DateTime.UnixEpoch).Ticks * 100) - mark > ClockTick;
            _settled = _hugetlb || isLongPast ? mark : -1;
            return true;
        }

        public void Dispose() => _mapping.Dispose();

        /// <summary>Brings pages into the page table. Pages that the file has already, as those of a guest's picture, come sixteen with each
        /// page fault, which is much faster than a system call for each of thousands of runs.</summary>
        private static unsafe void Touch(byte* address, long length, long page)
        {
            for (long at = 0; at < length; at += page)
            {
                // SAFETY: inside [address, address + length), which the caller has mapped.
                _ = Volatile.Read(ref address[at]);
            }
        }

        private bool AreAllPresent()
        {
            if (!_scans || _runs.Count > MostScans)
            {
                return AreAllPresentInWindows();
            }
            foreach ((long, long) run in CollectionsMarshal.AsSpan(_runs))
            {
                if (!IsPresent(run))
                {
                    return false;
                }
            }
            return true;
        }

        /// <summary>Reads every entry, 512 at a time: the runs are sorted and often close together.</summary>
        private bool AreAllPresentInWindows()
        {
            long window = 0;
            ReadOnlySpan<ulong> entries = [];
            foreach ((long first, long count) in CollectionsMarshal.AsSpan(_runs))
            {
                for (long entry = first; entry < first + count; entry++)
                {
                    if (entry >= window + entries.Length)
                    {
                        window = entry;
                        entries = _pages.Read(window, _runs[^1].First + _runs[^1].Count - window);
                    }
                    if (entries.IsEmpty || !PageMap.IsPresent(entries[(int)(entry - window)]))
                    {
                        return false;
                    }
                }
            }
            return true;
        }

        private bool AreNextPresent()
        {
            for (int look = 0; look < Math.Min(Looks, _runs.Count); look++)
            {
                _turn = _turn + 1 < _runs.Count ? _turn + 1 : 0;
                if (!IsPresent(_runs[_turn]))
                {
                    return false;
                }
            }
            return true;
        }

        /// <summary>Whether all pages of a run are present; where the kernel cannot search, a run is one page.</summary>
        private bool IsPresent((long First, long Count) run) => _scans
            ? _pages.Scan((nint)(run.First * Environment.SystemPageSize), run.Count * Environment.SystemPageSize)
            : _pages.Read(run.First, 1) is [var entry] && PageMap.IsPresent(entry);

        /// <summary>Sorts ranges, widens them to whole pages and joins those that touch, in place.</summary>
        private static ReadOnlySpan<FileRange> Join(Span<FileRange> ranges, long page)
        {
            ranges.Sort(static (a, b) => a.Offset.CompareTo(b.Offset));
            int count = 0;
            foreach (FileRange range in ranges)
            {
                long start = range.Offset / page * page;
                long end = (range.End + page - 1) / page * page;
                if (count > 0 && start <= ranges[count - 1].End)
                {
                    FileRange last = ranges[count - 1];
                    ranges[count - 1] = last with { Length = Math.Max(end, last.End) - last.Offset };
                }
                else
                {
                    ranges[count++] = new FileRange(range.File, start, end - start);
                }
            }
            return ranges[..count];
        }
    }
}
