using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace FbShare.Memory;

/// <summary>The guest pages of a resource: a list of file ranges, checked against the guest memory map. Adjacent ranges are merged, and any
/// byte is found by bisection.</summary>
/// <remarks>Holds a reference to each of its regions until it is disposed, so their pointers stay valid until then. The guest may change the
/// bytes at any time.</remarks>
public sealed class Backing : IDisposable
{
    /// <summary>The most entries one resource may have, as in QEMU's virtio-gpu.</summary>
    public const int MaxEntries = 16384;

    private readonly Segment[] _segments;
    private readonly MemoryRegion[] _regions;
    private bool _disposed;

    private Backing(Segment[] segments, MemoryRegion[] regions, long length)
    {
        _segments = segments;
        _regions = regions;
        Length = length;
    }

    /// <summary>The sum of all ranges, in bytes.</summary>
    public long Length { get; }

    /// <summary>How many bytes of this process's memory a backing of so many entries takes at most.</summary>
    internal static long HostBytesFor(uint entries) => (long)entries * Unsafe.SizeOf<Segment>();

    /// <summary>How many bytes of this process's memory the list takes.</summary>
    internal long HostBytes => (long)_segments.Length * Unsafe.SizeOf<Segment>();

    /// <summary>Makes a backing of a guest's entries if all of them are guest memory.</summary>
    /// <param name="map">Which addresses are guest memory.</param>
    /// <param name="entries">The guest's own list, copied out of its memory beforehand.</param>
    /// <param name="backing">The backing; null where <paramref name="why"/> says what is wrong.</param>
    /// <param name="why">What is wrong, in words.</param>
    public static bool TryCreate(GuestMemoryMap map, ReadOnlySpan<MemoryEntry> entries, [NotNullWhen(true)] out Backing? backing, [NotNullWhen(false)] out string? why)
    {
        backing = null;
        if (entries.Length > MaxEntries)
        {
            why = $"{entries.Length} entries are more than {MaxEntries}";
            return false;
        }
        var segments = new List<Segment>(entries.Length);
        var regions = new List<MemoryRegion>();
        MemoryRegion? region = null;
        long total = 0;
        foreach (ref readonly MemoryEntry entry in entries)
        {
            ulong address = entry.Address;
            ulong left = entry.Length;
            if (left == 0)
            {
                why = $"an entry at guest address 0x{address:x} is empty";
                return false;
            }
            // An entry may continue from one region into the next.
            while (left > 0)
            {
                if (region is null || address < region.GuestAddress || address - region.GuestAddress >= region.Size)
                {
                    region = map.Find(address);
                    if (region is null)
                    {
                        why = $"guest address 0x{address:x} is not guest memory";
                        return false;
                    }
                }
                ulong offset = address - region.GuestAddress;
                ulong length = Math.Min(left, region.Size - offset);
                Append(segments, regions, region, (long)offset, (long)length, ref total);
                address += length;
                left -= length;
            }
        }
        foreach (MemoryRegion held in regions)
        {
            held.Acquire();
        }
        backing = new Backing([.. segments], [.. regions], total);
        why = null;
        return true;
    }

    /// <summary>Makes a backing of a region as a whole, which no map need know.</summary>
    /// <param name="region">Stays the caller's; this holds it too.</param>
    internal static unsafe Backing Of(MemoryRegion region)
    {
        region.Acquire();
        // SAFETY: the region is as long as it says.
        return new Backing([new Segment { Region = region, Pointer = region.Pointer, Length = (long)region.Size }], [region], (long)region.Size);
    }

    /// <summary>How many ranges there are.</summary>
    public int RangeCount => _segments.Length;

    /// <summary>A range by its number, in the order of the picture's bytes.</summary>
    public MemoryRange GetRange(int index)
    {
        ref readonly Segment segment = ref _segments[index];
        return new MemoryRange(segment.Region, (long)segment.Region.FileOffset + segment.RegionOffset, segment.Length);
    }

    /// <summary>Copies bytes out of guest memory.</summary>
    /// <param name="offset">Where in the backing to start.</param>
    /// <param name="destination">As many bytes as are wanted.</param>
    /// <exception cref="ArgumentOutOfRangeException">Not all of them are inside.</exception>
    public unsafe void CopyTo(long offset, Span<byte> destination)
    {
        CheckRange(offset, destination.Length);
        fixed (byte* to = destination)
        {
            // SAFETY: pinned, with room for all of the bytes, which were just found to be inside.
            int segment = 0;
            CopyRun(offset, to, destination.Length, streaming: false, ref segment);
        }
    }

    /// <summary>Copies the rows of a picture: <paramref name="rows"/> runs of <paramref name="rowBytes"/>, <paramref name="stride"/> apart here
    /// and <paramref name="destinationStride"/> apart in the destination.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A row is outside the backing or the destination.</exception>
    public unsafe void CopyRows(long offset, int stride, int rowBytes, int rows, Span<byte> destination, int destinationStride)
    {
        CheckRows(offset, stride, rowBytes, rows, destination.Length, destinationStride);
        fixed (byte* to = destination)
        {
            // SAFETY: pinned; that the last row is inside, here and there, was just checked.
            int segment = 0;
            bool streaming = StreamingCopy.PaysFor((long)rows * rowBytes);
            if (stride == rowBytes && destinationStride == rowBytes)
            {
                CopyRun(offset, to, (long)rows * rowBytes, streaming, ref segment);
            }
            else
            {
                for (int row = 0; row < rows; row++)
                {
                    CopyRun(offset + ((long)row * stride), to + ((long)row * destinationStride), rowBytes, streaming, ref segment);
                }
            }
            if (streaming)
            {
                StreamingCopy.Finish();
            }
        }
    }

    /// <summary>Copies the rows of a picture over an earlier copy of it, and finds out what of them changed.</summary>
    /// <param name="changed">Told of what did, in a picture whose first byte is <paramref name="at"/> bytes before the destination's.</param>
    /// <inheritdoc cref="CopyRows"/>
    internal unsafe void UpdateRows(
        long offset, int stride, int rowBytes, int rows, Span<byte> destination, int destinationStride, long at, ChangedArea changed)
    {
        CheckRows(offset, stride, rowBytes, rows, destination.Length, destinationStride);
        fixed (byte* to = destination)
        {
            // SAFETY: pinned; that the last row is inside, here and there, was just checked.
            int segment = 0;
            bool isOneRun = stride == rowBytes && destinationStride == rowBytes;
            (long runBytes, int runs) = isOneRun ? ((long)rows * rowBytes, 1) : (rowBytes, rows);
            for (int run = 0; run < runs; run++)
            {
                long start = (long)run * destinationStride;
                CompareRun(offset + ((long)run * stride), to + start, runBytes, at + start, ref segment, changed);
            }
        }
    }

    /// <summary>Lets go of the regions that it lies in.</summary>
    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }
        _disposed = true;
        foreach (MemoryRegion region in _regions)
        {
            region.Release();
        }
    }

    private static unsafe void Append(List<Segment> segments, List<MemoryRegion> regions, MemoryRegion region, long offset, long length, ref long total)
    {
        if (segments.Count > 0)
        {
            ref Segment last = ref CollectionsMarshal.AsSpan(segments)[^1];
            if (ReferenceEquals(last.Region, region) && last.RegionOffset + last.Length == offset)
            {
                last.Length += length;
                total += length;
                return;
            }
        }
        if (!regions.Contains(region))
        {
            regions.Add(region);
        }
        // SAFETY: the offset is inside the region, and so is the pointer.
        segments.Add(new Segment { Region = region, Pointer = region.Pointer + offset, RegionOffset = offset, Start = total, Length = length });
        total += length;
    }

    private void CheckRows(long offset, int stride, int rowBytes, int rows, long destination, int destinationStride)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(rowBytes);
        ArgumentOutOfRangeException.ThrowIfLessThan(stride, rowBytes);
        ArgumentOutOfRangeException.ThrowIfLessThan(destinationStride, rowBytes);
        CheckRange(offset, ((long)(rows - 1) * stride) + rowBytes);
        ArgumentOutOfRangeException.ThrowIfLessThan(destination, ((long)(rows - 1) * destinationStride) + rowBytes);
    }

    private void CheckRange(long offset, long length)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (offset < 0 || length > Length || offset > Length - length)
        {
            throw new ArgumentOutOfRangeException(nameof(offset), $"{length} bytes at {offset} are not inside {Length}");
        }
    }

    /// <summary>Copies one run. Runs only move forward, so <paramref name="segment"/> keeps the place from one to the next.</summary>
    private unsafe void CopyRun(long offset, byte* to, long length, bool streaming, ref int segment)
    {
        if (length == 0)
        {
            return;
        }
        segment = FindSegment(offset, segment);
        long within = offset - _segments[segment].Start;
        if (streaming)
        {
            StreamRun(to, length, ref segment, within);
            return;
        }
        while (true)
        {
            ref readonly Segment current = ref _segments[segment];
            long count = Math.Min(length, current.Length - within);
            // SAFETY: [within, within + count) is inside the segment, and that is inside its region, whose mapping this backing holds. The
            // caller has checked that the destination is large enough.
            Buffer.MemoryCopy(current.Pointer + within, to, count, count);
            length -= count;
            if (length == 0)
            {
                return;
            }
            to += count;
            segment++;
            within = 0;
        }
    }

    /// <summary>Copies one run over an earlier copy, comparing.</summary>
    private unsafe void CompareRun(long offset, byte* to, long length, long at, ref int segment, ChangedArea changed)
    {
        if (length == 0)
        {
            return;
        }
        segment = FindSegment(offset, segment);
        long within = offset - _segments[segment].Start;
        byte** lanes = stackalloc byte*[2 * StreamingCopy.Lanes];
        byte** next = lanes + StreamingCopy.Lanes;
        while (length > 0)
        {
            // SAFETY: lanes and pieces are inside their segments, as in CopyRun, and no longer than what is left of the destination.
            if (length >= StreamingCopy.GroupBytes && TryTakeLanes(ref segment, ref within, lanes))
            {
                bool more;
                do
                {
                    length -= StreamingCopy.GroupBytes;
                    more = length >= StreamingCopy.GroupBytes && TryTakeLanes(ref segment, ref within, next);
                    ComparingCopy.CopyLanes(lanes, more ? next : lanes, to, at, changed);
                    to += StreamingCopy.GroupBytes;
                    at += StreamingCopy.GroupBytes;
                    byte** done = lanes;
                    lanes = next;
                    next = done;
                }
                while (more);
                continue;
            }
            ref readonly Segment current = ref _segments[segment];
            long count = Math.Min(length, current.Length - within);
            // Up to where lanes begin again.
            count = count > StreamingCopy.LaneBytes ? StreamingCopy.LaneBytes : count;
            ComparingCopy.Copy(current.Pointer + within, to, count, at, changed);
            to += count;
            at += count;
            length -= count;
            within += count;
            EnterNext(ref segment, ref within);
        }
    }

    /// <summary>Copies one run past the cache: groups of four lanes as long as there are any, and the rest piece by piece.</summary>
    private unsafe void StreamRun(byte* to, long length, ref int segment, long within)
    {
        byte** lanes = stackalloc byte*[2 * StreamingCopy.Lanes];
        byte** next = lanes + StreamingCopy.Lanes;
        while (length > 0)
        {
            // SAFETY: lanes and pieces are inside their segments, as in CopyRun, and no longer than what is left of the destination.
            bool aligned = StreamingCopy.IsAligned(to);
            if (aligned && length >= StreamingCopy.GroupBytes && TryTakeLanes(ref segment, ref within, lanes))
            {
                bool more;
                do
                {
                    length -= StreamingCopy.GroupBytes;
                    more = length >= StreamingCopy.GroupBytes && TryTakeLanes(ref segment, ref within, next);
                    StreamingCopy.CopyLanes(lanes, more ? next : lanes, to);
                    to += StreamingCopy.GroupBytes;
                    byte** done = lanes;
                    lanes = next;
                    next = done;
                }
                while (more);
                continue;
            }
            ref readonly Segment current = ref _segments[segment];
            long count = Math.Min(length, current.Length - within);
            count = aligned ? count : Math.Min(count, StreamingCopy.ToAligned(to));
            StreamingCopy.Copy(current.Pointer + within, to, count);
            to += count;
            length -= count;
            within += count;
            EnterNext(ref segment, ref within);
        }
    }

    /// <summary>Finds the next group of lanes and moves past it, or stays where it is if one of the lanes would lie in two segments.</summary>
    private unsafe bool TryTakeLanes(ref int segment, ref long within, byte** lanes)
    {
        (int at, long inside) = (segment, within);
        for (int i = 0; i < StreamingCopy.Lanes; i++)
        {
            ref readonly Segment current = ref _segments[at];
            if (current.Length - inside < StreamingCopy.LaneBytes)
            {
                return false;
            }
            // SAFETY: the lane was just found to be inside the segment; the caller's array has an entry for each lane.
            lanes[i] = current.Pointer + inside;
            inside += StreamingCopy.LaneBytes;
            EnterNext(ref at, ref inside);
        }
        (segment, within) = (at, inside);
        return true;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void EnterNext(ref int segment, ref long within)
    {
        if (within == _segments[segment].Length && segment + 1 < _segments.Length)
        {
            segment++;
            within = 0;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int FindSegment(long offset, int from)
    {
        ref readonly Segment hint = ref _segments[from];
        return offset < hint.Start + hint.Length && offset >= hint.Start ? from : Bisect(offset, from);
    }

    private int Bisect(long offset, int low)
    {
        int high = _segments.Length - 1;
        while (low < high)
        {
            int middle = (low + high + 1) >>> 1;
            if (_segments[middle].Start <= offset)
            {
                low = middle;
            }
            else
            {
                high = middle - 1;
            }
        }
        return low;
    }

    private struct Segment
    {
        public MemoryRegion Region;
        public unsafe byte* Pointer;
        public long RegionOffset;
        public long Start;
        public long Length;
    }
}

/// <summary>struct virtio_gpu_mem_entry (virtio-gpu 5.7.6.7): a run of guest physical memory, 16 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
public readonly struct MemoryEntry(ulong address, uint length)
{
    /// <summary>Guest physical address.</summary>
    public readonly ulong Address = address;

    /// <summary>Bytes.</summary>
    public readonly uint Length = length;

    private readonly uint _padding;
}

/// <summary>A range of a guest memory file.</summary>
/// <param name="Region">The region whose file it is; it keeps owning the descriptor.</param>
/// <param name="Offset">Bytes from the start of the file.</param>
/// <param name="Length">Bytes.</param>
public readonly record struct MemoryRange(MemoryRegion Region, long Offset, long Length);
