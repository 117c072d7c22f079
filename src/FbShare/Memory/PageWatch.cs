using System.Runtime.InteropServices;
using FbShare.Linux;

namespace FbShare.Memory;

/// <summary>Tells whether file ranges still have the very pages that they had when the watch began.</summary>
/// <remarks>
/// <para>A hole punched in a memfd (balloon, virtio-mem, postcopy) takes its pages away, and the next touch brings new ones;
/// a udmabuf made before keeps the old. Nobody tells, and the contents are alike until the guest draws. But the kernel also
/// takes the pages out of every page table (unmap_mapping_range). So the watch maps the ranges once more, for nobody to read:
/// an entry that was there and is gone (/proc/self/pagemap, bit 63) betrays a page that was replaced. A page that was
/// only unmapped by reclaim looks the same, so there may be false alarms but no false all-clear.</para>
/// <para>Looking at thousands of entries at every frame would cost too much. A punched shmem file gets a new ctime: while fstat(2)
/// shows the old one, so are the entries. The first write to a page gives it a new ctime too, later ones do not. hugetlb files
/// keep no such time, but their block count falls while a page is away; and for a huge page that went and came again between two
/// looks, three of their runs are looked at every time, in turn: few pictures have more. Where the kernel looks at one page
/// only per call (before Linux 6.7), a run is one huge page.</para>
/// </remarks>
public sealed unsafe class PageWatch : IDisposable
{
    private readonly PageMap _pages = new();
    private readonly List<WatchedFile> _files = [];

    /// <summary>Begins to watch.</summary>
    /// <param name="ranges">Page-aligned; their files must stay open while this lives.</param>
    /// <exception cref="LinuxException">The kernel or its settings do not allow it (Linux before 5.14, no /proc/self/pagemap).</exception>
    public PageWatch(IEnumerable<FileRange> ranges)
        : this(ranges, mayScan: true)
    {
    }

    /// <param name="mayScan">Whether the kernel may look at whole runs, if it can.</param>
    internal PageWatch(IEnumerable<FileRange> ranges, bool mayScan)
    {
        try
        {
            // Thousands of ranges have one file, or two descriptors of it: each is asked once.
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

    /// <summary>Whether every page is still the one it was. Once it is not, make a new udmabuf and a new watch.</summary>
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
        _pages.Dispose();
    }

    private static (ulong Device, ulong Inode) Identity(FileDescriptor file)
    {
        FileStatus status = file.GetStatus();
        return (status.Device, status.Inode);
    }

    /// <summary>The ranges of one file, and a mapping from the first to the last.</summary>
    private sealed class WatchedFile : IDisposable
    {
        /// <summary>The clock of file times ticks at least 100 times a second; a second change within a tick does not show.</summary>
        private const long ClockTick = 20_000_000;

        /// <summary>So many runs of huge pages are looked at every time.</summary>
        private const int Looks = 3;

        /// <summary>Up to so many runs a call for each is cheaper than reading all entries, 512 at a time.</summary>
        private const int MostScans = 128;

        private readonly PageMap _pages;
        private readonly FileDescriptor _file;
        private readonly bool _scans;
        private readonly bool _hugetlb;
        private readonly MemoryMapping _mapping;

        /// <summary>Runs of entries in the page map.</summary>
        private readonly List<(long First, long Count)> _runs;
        private long _settled = -1;
        private int _turn;

        /// <param name="ranges">Of one file; are overwritten.</param>
        public WatchedFile(PageMap pages, Span<FileRange> ranges, bool scans)
        {
            _pages = pages;
            _scans = scans;
            _file = ranges[0].File;
            _hugetlb = _file.IsHugeTlb();
            long small = Environment.SystemPageSize;
            long page = _hugetlb ? _file.GetStatus().BlockSize : small;
            ReadOnlySpan<FileRange> joined = Join(ranges, page);
            _runs = new List<(long First, long Count)>(joined.Length);
            long begin = joined[0].Offset;
            _mapping = MemoryMapping.Map(_file, begin, joined[^1].End - begin, writable: false);
            foreach (FileRange range in joined)
            {
                byte* address = _mapping.Pointer + (range.Offset - begin);
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

        /// <summary>Brings pages into the page table. Where the file has them already, as a guest's picture has, one fault brings the
        /// sixteen around it: far sooner than a system call for each of thousands of runs.</summary>
        private static void Touch(byte* address, long length, long page)
        {
            for (long at = 0; at < length; at += page)
            {
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

        /// <summary>Looks at every entry, a windowful per read: runs lie in order, often close together.</summary>
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

        /// <summary>Whether all of a run is there; without a scan it is one page.</summary>
        private bool IsPresent((long First, long Count) run) => _scans
            ? _pages.Scan((nint)(run.First * Environment.SystemPageSize), run.Count * Environment.SystemPageSize)
            : _pages.Read(run.First, 1) is [var entry] && PageMap.IsPresent(entry);

        /// <summary>Sorts ranges, widens them to pages and joins those that touch, all where they are.</summary>
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
