using System.Runtime.InteropServices;
using BenchmarkDotNet.Attributes;
using FbShare.Display;
using FbShare.Linux;
using FbShare.Memory;
using FbShare.Pictures;

namespace FbShare.Benchmarks;

/// <summary>Dma-bufs of a 4K picture: what is ours beside the ioctl itself, and beside its undoing. The first three need
/// /dev/udmabuf (tools/testbed has it).</summary>
public unsafe class UdmaBufBenchmarks
{
    private const int Page = 4096;

    private readonly List<byte[]> _requests = [];
    private FileDescriptor? _device;
    private UdmaBufDevice? _udmaBuf;
    private MemoryMapping _ram = null!;
    private GuestMemoryMap _map = null!;
    private Backing _backing = null!;
    private FrameLayout _layout;
    private Band[] _bands = null!;

    [Params(1, 1024, 8100)]
    public int Ranges { get; set; }

    [GlobalSetup]
    public void SetUp()
    {
        if (File.Exists(UdmaBufDevice.DevicePath))
        {
            _device = FileDescriptor.Open(UdmaBufDevice.DevicePath, writable: true);
            _udmaBuf = UdmaBufDevice.Open();
        }
        _layout = FrameLayout.Packed(DrmFormat.XR24, 3840, 2160);
        int pages = (int)(_layout.End / Page);
        int piece = pages / Ranges;
        long ram = (pages + Ranges + 1L) * Page;
        FileDescriptor file = MemFd.Create("benchmark-ram", ram);
        _ram = MemoryMapping.Map(file, 0, ram, writable: true);
        _ram.Slice(0, (int)ram).Fill(7);
        _map = new GuestMemoryMap();
        _map.Add(MemoryRegion.Map(file, 0, (ulong)ram, 0, 0));
        MemoryEntry[] entries =
        [
            .. Enumerable.Range(0, Ranges).Select(i => new MemoryEntry((ulong)i * (ulong)(piece + 1) * Page, (uint)(i + 1 < Ranges ? piece : pages - (i * piece)) * Page)),
        ];
        _backing = Backing.TryCreate(_map, entries, out Backing? backing, out string? why) ? backing : throw new InvalidOperationException(why);
        _bands = CutIntoBands();
        foreach (Band band in _bands)
        {
            _requests.Add(
            [
                .. Bytes(new LibC.UdmabufCreateList { flags = LibC.UDMABUF_FLAGS_CLOEXEC, count = (uint)band.Ranges.Length }),
                .. band.Ranges.SelectMany(r => Bytes(new LibC.UdmabufCreateItem { memfd = (uint)r.File.Number, offset = (ulong)r.Offset, size = (ulong)r.Length })),
            ]);
        }
    }

    [GlobalCleanup]
    public void CleanUp()
    {
        _backing.Dispose();
        _map.Dispose();
        _ram.Dispose();
        _udmaBuf?.Dispose();
        _device?.Dispose();
    }

    /// <summary>UDMABUF_CREATE_LIST with a list that is ready, and close(2).</summary>
    [Benchmark(Baseline = true)]
    public void Ioctl()
    {
        foreach (byte[] request in _requests)
        {
            fixed (byte* list = request)
            {
                new FileDescriptor(LinuxException.Check(LibC.ioctl(_device!, LibC.UDMABUF_CREATE_LIST, list), "ioctl")).Dispose();
            }
        }
    }

    /// <summary>The same from the guest's pages: cut into bands, listed.</summary>
    [Benchmark]
    public void CutListAndIoctl()
    {
        foreach (Band band in CutIntoBands())
        {
            _udmaBuf!.Create(band.Ranges.AsSpan()).Dispose();
        }
    }

    /// <summary>All that a first flip waits for: also named, and watched for pages that are replaced.</summary>
    [Benchmark]
    public void Export()
    {
        using DmaBufExport export = DmaBufExport.Create(_udmaBuf!, _backing, _layout, "benchmark", mapped: false);
        if (export.Frame is null)
        {
            throw new InvalidOperationException(export.Obstacle?.ToString());
        }
    }

    /// <summary>The cutting alone.</summary>
    [Benchmark]
    public int Cut() => CutIntoBands().Length;

    /// <summary>The watch alone.</summary>
    [Benchmark]
    public void Watch() => new PageWatch(_bands.SelectMany(b => b.Ranges)).Dispose();

    private Band[] CutIntoBands()
    {
        return Band.TryCut(_backing, _layout, UdmaBufLimits.Read(), out Band[]? bands, out string? why, out _) ? bands : throw new InvalidOperationException(why);
    }

    private static byte[] Bytes<T>(T value)
        where T : unmanaged => MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value)).ToArray();
}
