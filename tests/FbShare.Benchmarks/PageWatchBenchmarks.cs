using BenchmarkDotNet.Attributes;
using FbShare.Linux;
using FbShare.Memory;

namespace FbShare.Benchmarks;

/// <summary>What each flip pays to see that the guest's memory still has a 4K picture's pages.</summary>
public unsafe class PageWatchBenchmarks
{
    private const int Page = 4096;
    private const int Pages = 8100;
    private const long Size = 72 << 20;
    private const int MADV_DONTNEED = 4;

    private FileDescriptor _file = null!;
    private MemoryMapping _guest = null!;
    private PageWatch _watch = null!;

    /// <summary>Needs 36 free huge pages of 2 MiB.</summary>
    [Params(false, true)]
    public bool HugeTlb { get; set; }

    /// <summary>In equal pieces with a page between them.</summary>
    [Params(1, 16, 8100)]
    public int Ranges { get; set; }

    [GlobalSetup]
    public void SetUp()
    {
        _file = MemFd.Create("benchmark-watch", Size, HugeTlb);
        _guest = MemoryMapping.Map(_file, 0, Size, writable: true);
        _guest.Slice(0, (int)Size).Fill(1);
        int piece = Pages / Ranges;
        _watch = new PageWatch(Enumerable.Range(0, Ranges).Select(i => new FileRange(_file, (long)i * (piece + 1) * Page, (long)piece * Page)));
        // A file that was changed a moment ago is looked at page by page.
        Thread.Sleep(50);
    }

    [GlobalCleanup]
    public void CleanUp()
    {
        _watch.Dispose();
        _guest.Dispose();
        _file.Dispose();
    }

    [Benchmark]
    public bool IsIntact() => _watch.IsIntact() ? true : throw new InvalidOperationException("the pages are others");

    /// <summary>The guest writes to a page for the first time, which gives a shmem file another time.</summary>
    [Benchmark]
    public void FirstWrite()
    {
        LinuxException.Check(LibC.madvise(_guest.Pointer + Size - (4 << 20), 2 << 20, MADV_DONTNEED), "madvise(MADV_DONTNEED)");
        _guest.Pointer[Size - (3 << 20)]++;
    }

    /// <summary>Both.</summary>
    [Benchmark]
    public bool FirstWriteAndIsIntact()
    {
        FirstWrite();
        return IsIntact();
    }
}
