using BenchmarkDotNet.Attributes;
using FbShare.Memory;
using FbShare.Rig.Driver;

namespace FbShare.Benchmarks;

/// <summary>A guest's list of pages checked, merged and indexed.</summary>
public class BackingBenchmarks
{
    private const int Page = 4096;

    private QueueRig _rig = null!;
    private MemoryEntry[] _entries = null!;

    [Params(1, 16, 1024, 8100)]
    public int Entries { get; set; }

    /// <summary>Whether each entry goes on where the one before it ends, so that all become one, or none does.</summary>
    [Params(false, true)]
    public bool Adjacent { get; set; }

    [GlobalSetup]
    public void SetUp()
    {
        _rig = new QueueRig(96 << 20);
        _entries = [.. Enumerable.Range(0, Entries).Select(i => new MemoryEntry(FrontEndDriver.FreeMemory + (ulong)(Adjacent ? i * Page : (i ^ 1) * 2 * Page), Page))];
    }

    [GlobalCleanup]
    public void CleanUp() => _rig.Dispose();

    [Benchmark]
    public long CheckAndMerge()
    {
        if (!Backing.TryCreate(_rig.Memory, _entries, out Backing? backing, out string? why))
        {
            throw new InvalidOperationException(why);
        }
        using (backing)
        {
            return backing.Length;
        }
    }
}
