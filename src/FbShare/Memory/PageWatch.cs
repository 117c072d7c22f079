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
/// <para>Looking at thousands of entries at every frame would cost too much. A punched shmem file gets a new ctime, which
/// writes through mappings leave alone: while fstat(2) shows the old one, so are the entries. hugetlb files
/// keep no such time, but their block count falls while a page is away; and of their few entries two are looked at every time, in
/// turn, for a huge page that went and came again between two looks.</para>
/// </remarks>
public sealed unsafe class PageWatch : IDisposable
{
    private readonly FileDescriptor _pagemap;
    private readonly List<WatchedFile> _files = [];

    /// <summary>Begins to watch.</summary>
    /// <param name="ranges">Page-aligned; their files must stay open while this lives.</param>
    /// <exception cref="LinuxException">The kernel or its settings do not allow it (Linux before 5.14, no /proc/self/pagemap).</exception>
    public PageWatch(IEnumerable<FileRange> ranges)
    {
        _pagemap = FileDescriptor.Open("/proc/self/pagemap", writable: false);
        try
        {
            FileRange[] all = [.. ranges];
            // Thousands of ranges have one file, or two descriptors of it: each is asked once.
            Dictionary<FileDescriptor, (ulong, ulong)> identities = all.Select(r => r.File).Distinct().ToDictionary(f => f, Identity);
            foreach (IGrouping<(ulong, ulong), FileRange> group in all.GroupBy(r => identities[r.File]))
            {
                _files.Add(new WatchedFile(_pagemap, [.. group]));
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
        _pagemap.Dispose();
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

        private const ulong Present = 1UL << 63;

        private readonly FileDescriptor _pagemap;
        private readonly FileDescriptor _file;
        private readonly bool _hugetlb;
        private readonly MemoryMapping _mapping;

        /// <summary>Runs of entries in the page map; a huge page counts by its first.</summary>
        private readonly List<(long First, int Count)> _entries = [];
        private readonly ulong[] _buffer = new ulong[512];
        private long _settled = -1;
        private int _turn;

        public WatchedFile(FileDescriptor pagemap, FileRange[] ranges)
        {
            _pagemap = pagemap;
            _file = ranges[0].File;
            _hugetlb = _file.IsHugeTlb();
            long small = Environment.SystemPageSize;
            long page = _hugetlb ? _file.GetStatus().BlockSize : small;
            List<(long Start, long End)> joined = Join(ranges, page);
            long begin = joined[0].Start;
            _mapping = MemoryMapping.Map(_file, begin, joined[^1].End - begin, writable: false);
            foreach ((long start, long end) in joined)
            {
                byte* address = _mapping.Pointer + (start - begin);
                if (!_hugetlb)
                {
                    Touch(address, end - start, small);
                    _entries.Add(((nint)address / small, (int)((end - start) / small)));
                    continue;
                }
                if (LibC.madvise(address, (nuint)(end - start), LibC.MADV_POPULATE_READ) < 0)
                {
                    var failure = new LinuxException("madvise(MADV_POPULATE_READ)");
                    _mapping.Dispose();
                    throw failure;
                }
                for (long offset = 0; offset < end - start; offset += page)
                {
                    _entries.Add((((nint)address + offset) / small, 1));
                }
            }
        }

        public bool IsIntact()
        {
            FileStatus status = _file.GetStatus();
            long mark = _hugetlb ? status.Blocks : status.ChangedAt;
            if (mark == _settled)
            {
                return !_hugetlb || (IsNextPresent() && IsNextPresent());
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

        /// <summary>Looks at every entry, a windowful per read: runs lie in order, often close together.</summary>
        private bool AreAllPresent()
        {
            long window = 0;
            long windowEnd = 0;
            foreach ((long first, int count) in CollectionsMarshal.AsSpan(_entries))
            {
                for (long entry = first; entry < first + count; entry++)
                {
                    if (entry >= windowEnd)
                    {
                        window = entry;
                        windowEnd = Math.Min(entry + _buffer.Length, _entries[^1].First + _entries[^1].Count);
                        if (!Read(window, (int)(windowEnd - window)))
                        {
                            return false;
                        }
                    }
                    if (_buffer[entry - window] < Present)
                    {
                        return false;
                    }
                }
            }
            return true;
        }

        private bool IsNextPresent()
        {
            _turn = _turn + 1 < _entries.Count ? _turn + 1 : 0;
            return Read(_entries[_turn].First, 1) && _buffer[0] >= Present;
        }

        private bool Read(long first, int count)
        {
            fixed (ulong* buffer = _buffer)
            {
                nint length = count * sizeof(ulong);
                return LibC.pread(_pagemap, buffer, (nuint)length, first * sizeof(ulong)) == length;
            }
        }

        /// <summary>Sorts ranges, widens them to pages and joins those that touch.</summary>
        private static List<(long Start, long End)> Join(FileRange[] ranges, long page)
        {
            var joined = new List<(long Start, long End)>();
            Array.Sort(ranges, static (a, b) => a.Offset.CompareTo(b.Offset));
            foreach (FileRange range in ranges)
            {
                long start = range.Offset / page * page;
                long end = (range.Offset + range.Length + page - 1) / page * page;
                if (joined.Count > 0 && start <= joined[^1].End)
                {
                    joined[^1] = (joined[^1].Start, Math.Max(end, joined[^1].End));
                }
                else
                {
                    joined.Add((start, end));
                }
            }
            return joined;
        }
    }
}
