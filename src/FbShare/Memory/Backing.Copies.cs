using System.Runtime.CompilerServices;

namespace FbShare.Memory;

/// <content>Guest memory copied: in runs, in rows, and only where it has changed.</content>
public sealed unsafe partial class Backing
{
    /// <summary>Copies bytes out of guest memory.</summary>
    /// <param name="offset">Where in the backing to begin.</param>
    /// <exception cref="ArgumentOutOfRangeException">Not all of them are inside.</exception>
    public void CopyTo(long offset, Span<byte> destination)
    {
        CheckRange(offset, destination.Length);
        fixed (byte* to = destination)
        {
            int segment = 0;
            CopyRun(offset, to, destination.Length, streaming: false, ref segment);
        }
    }

    /// <summary>Gathers rows: <paramref name="rows"/> runs of <paramref name="rowBytes"/>, <paramref name="stride"/> apart here and
    /// <paramref name="destinationStride"/> apart there, in one pass.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A row is outside the backing or the destination.</exception>
    public void CopyRows(long offset, int stride, int rowBytes, int rows, Span<byte> destination, int destinationStride)
    {
        CheckRows(offset, stride, rowBytes, rows, destination, destinationStride);
        fixed (byte* to = destination)
        {
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

    /// <summary>Gathers rows as <see cref="CopyRows"/> does, onto an older copy of them.</summary>
    /// <returns>What has changed.</returns>
    /// <inheritdoc cref="CopyRows"/>
    public ChangedRows CopyChangedRows(long offset, int stride, int rowBytes, int rows, Span<byte> destination, int destinationStride)
    {
        CheckRows(offset, stride, rowBytes, rows, destination, destinationStride);
        const int samples = 16;
        ChangedRows changed = default;
        CopyEach(Math.Max(1, rows / samples), destination);
        if (changed.SpansMostOf(rows, rowBytes))
        {
            CopyRows(offset, stride, rowBytes, rows, destination, destinationStride);
            return ChangedRows.All(rows, rowBytes);
        }
        CopyEach(1, destination);
        return changed;

        void CopyEach(int step, Span<byte> destination)
        {
            int segment = 0;
            for (int row = 0; row < rows; row += step)
            {
                CopyChangedRow(ref changed, row, offset + ((long)row * stride), destination.Slice(row * destinationStride, rowBytes), ref segment);
            }
        }
    }

    private void CheckRows(long offset, int stride, int rowBytes, int rows, ReadOnlySpan<byte> destination, int destinationStride)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(rowBytes);
        ArgumentOutOfRangeException.ThrowIfLessThan(stride, rowBytes);
        ArgumentOutOfRangeException.ThrowIfLessThan(destinationStride, rowBytes);
        CheckRange(offset, ((long)(rows - 1) * stride) + rowBytes);
        ArgumentOutOfRangeException.ThrowIfLessThan((long)destination.Length, ((long)(rows - 1) * destinationStride) + rowBytes, nameof(destination));
    }

    /// <summary>Copies one run; <paramref name="segment"/> carries the place from run to run, which only move forward.</summary>
    private void CopyRun(long offset, byte* to, long length, bool streaming, ref int segment)
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
            // SAFETY: [within, within + count) is inside the segment, which is inside its mapped region, held by this
            // backing; the destination's size was checked by the caller.
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

    private void CopyChangedRow(ref ChangedRows changed, int row, long offset, Span<byte> destination, ref int segment)
    {
        for (int at = 0, count; at < destination.Length; at += count)
        {
            segment = FindSegment(offset + at, segment);
            ref readonly Segment current = ref _segments[segment];
            long within = offset + at - current.Start;
            count = (int)Math.Min(destination.Length - at, current.Length - within);
            // SAFETY: as above.
            changed.Copy(row, at, new ReadOnlySpan<byte>(current.Pointer + within, count), destination.Slice(at, count));
        }
    }

    /// <summary>Copies one run past the cache: lanes as long as there are four, what lies between them piece by piece.</summary>
    private void StreamRun(byte* to, long length, ref int segment, long within)
    {
        byte** lanes = stackalloc byte*[2 * StreamingCopy.Lanes];
        byte** next = lanes + StreamingCopy.Lanes;
        while (length > 0)
        {
            // SAFETY: lanes and pieces are inside their segments, as above, and as long as what is left of the destination.
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

    /// <summary>Finds the next group of lanes and goes on behind it, or stays where it is if one of them is in two segments.</summary>
    private bool TryTakeLanes(ref int segment, ref long within, byte** lanes)
    {
        (int at, long inside) = (segment, within);
        for (int i = 0; i < StreamingCopy.Lanes; i++)
        {
            ref readonly Segment current = ref _segments[at];
            if (current.Length - inside < StreamingCopy.LaneBytes)
            {
                return false;
            }
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
}
