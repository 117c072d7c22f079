using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Configs;
using FbShare.Linux;
using FbShare.Memory;

namespace FbShare.Benchmarks;

/// <summary>Pictures gathered out of guest memory against <see cref="Buffer.MemoryCopy(void*, void*, long, long)"/> of as many bytes:
/// whole frames, and a damaged quarter in the middle; guest memory in one piece, and every page apart.</summary>
[GroupBenchmarksBy(BenchmarkLogicalGroupRule.ByCategory)]
[CategoriesColumn]
public unsafe class CopyBenchmarks
{
    private const int Page = 4096;

    private GuestMemoryMap _map = null!;
    private Backing _onePiece = null!;
    private Backing _singlePages = null!;
    private MemoryMapping _source = null!;
    private readonly ChangedArea _found = new();
    private FrameBuffer _frame = null!;
    private int _width;
    private int _height;

    [Params("640x480", "1920x1080", "3840x2160", "7680x4320")]
    public string Picture { get; set; } = "";

    private int Stride => _width * 4;

    [GlobalSetup]
    public void SetUp()
    {
        int[] size = [.. Picture.Split('x').Select(int.Parse)];
        (_width, _height) = (size[0], size[1]);
        int bytes = Stride * _height;
        int pages = (bytes + Page - 1) / Page;
        long ram = ((long)pages + 1) * 2 * Page;
        FileDescriptor file = MemFd.Create("benchmark-ram", ram);
        _source = MemoryMapping.Map(file, 0, ram, writable: true);
        _source.Slice(0, (int)ram).Fill(7);
        _map = new GuestMemoryMap();
        _map.Add(MemoryRegion.Map(file, 0, (ulong)ram, 0, 0));
        _onePiece = Create([new MemoryEntry(0, (uint)bytes)]);
        _singlePages = Create([.. Enumerable.Range(0, pages).Select(i => new MemoryEntry((ulong)(i ^ 1) * 2 * Page, Page))]);
        _frame = new FrameBuffer(bytes);
        _frame.Slice(0, bytes).Clear();
    }

    [GlobalCleanup]
    public void CleanUp()
    {
        _onePiece.Dispose();
        _singlePages.Dispose();
        _frame.Dispose();
        _source.Dispose();
        _map.Dispose();
    }

    [BenchmarkCategory("frame"), Benchmark(Baseline = true)]
    public void FrameMemoryCopy() => Plain(Stride * _height);

    [BenchmarkCategory("frame"), Benchmark]
    public void FrameInOnePiece() => Frame(_onePiece);

    [BenchmarkCategory("frame"), Benchmark]
    public void FrameOfSinglePages() => Frame(_singlePages);

    [BenchmarkCategory("frame"), Benchmark]
    public void FrameOfSinglePagesThatIsAlike()
    {
        _found.Start(Stride);
        _singlePages.UpdateRows(0, Stride, Stride, _height, _frame.From(0), Stride, 0, _found);
    }

    [BenchmarkCategory("damage"), Benchmark(Baseline = true)]
    public void DamageMemoryCopy() => Plain(Stride / 2 * (_height / 2));

    [BenchmarkCategory("damage"), Benchmark]
    public void DamageInOnePiece() => Damage(_onePiece);

    [BenchmarkCategory("damage"), Benchmark]
    public void DamageOfSinglePages() => Damage(_singlePages);

    private Backing Create(MemoryEntry[] entries) =>
        Backing.TryCreate(_map, entries, out Backing? backing, out string? why) ? backing : throw new InvalidOperationException(why);

    private void Plain(int bytes)
    {
        fixed (byte* from = _source.Slice(0, bytes), to = _frame.Slice(0, bytes))
        {
            Buffer.MemoryCopy(from, to, bytes, bytes);
        }
    }

    private void Frame(Backing backing) => backing.CopyRows(0, Stride, Stride, _height, _frame.From(0), Stride);

    private void Damage(Backing backing)
    {
        long offset = (_height / 4 * (long)Stride) + (Stride / 4);
        backing.CopyRows(offset, Stride, Stride / 2, _height / 2, _frame.From(offset), Stride);
    }
}
