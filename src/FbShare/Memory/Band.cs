using System.Buffers;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using FbShare.Linux;
using FbShare.Pictures;

namespace FbShare.Memory;

/// <summary>A run of whole rows of a picture that fits one udmabuf.</summary>
/// <param name="Y">The first row.</param>
/// <param name="Height">Rows.</param>
/// <param name="Offset">Bytes from the start of the udmabuf to the first row, less than a page.</param>
/// <param name="Length">Bytes of the udmabuf, whole pages.</param>
/// <param name="Ranges">Page-aligned file ranges that make up the udmabuf, one after the other.</param>
internal sealed record Band(int Y, int Height, int Offset, long Length, ImmutableArray<FileRange> Ranges)
{
    /// <summary>Cuts a picture into as few bands as the limits allow.</summary>
    /// <param name="pages">Where the picture's bytes are.</param>
    /// <param name="picture">How the picture lies in them; whoever made it has checked it against their length.</param>
    /// <param name="why">Why it cannot be done, in words.</param>
    /// <param name="cure">What the user can do; null where nothing can be done.</param>
    /// <remarks>Taking as many rows as fit, from the top, gives the fewest bands, since any part of the rows that fit together fits too.
    /// A band includes the padding of its last row where there is any, because drivers count whole strides.</remarks>
    public static bool TryCut(
        Backing pages, FrameLayout picture, UdmaBufLimits limits, [NotNullWhen(true)] out Band[]? bands, [NotNullWhen(false)] out string? why, out string? cure)
    {
        // Rented, because thousands of them would be a large object for the garbage collector each time.
        Run[] room = ArrayPool<Run>.Shared.Rent(pages.RangeCount);
        try
        {
            bands = null;
            cure = null;
            return TryMerge(pages, picture, room, out ReadOnlySpan<Run> runs, out long available, out why)
                && TryCut(runs, available, picture, limits, out bands, out why, out cure);
        }
        finally
        {
            ArrayPool<Run>.Shared.Return(room, clearArray: true);
        }
    }

    private static bool TryCut(
        ReadOnlySpan<Run> runs, long available, FrameLayout picture, UdmaBufLimits limits, [NotNullWhen(true)] out Band[]? bands, [NotNullWhen(false)] out string? why, out string? cure)
    {
        bands = null;
        why = cure = null;
        var cut = new List<Band>();
        int index = 0;
        for (int row = 0; row < picture.Height;)
        {
            long start = picture.Offset + ((long)row * picture.Stride);
            while (runs[index].End <= start)
            {
                index++;
            }
            int skip = SmallPages.Within(start + runs[index].Shift);
            long most = start - skip + limits.SizeLimit;
            if (limits.ListLimit < runs.Length - index)
            {
                most = limits.ListLimit < 1 ? start : Math.Min(most, runs[index + limits.ListLimit - 1].End);
            }
            int fitting = FittingRows(picture, row, start, most, available);
            if (fitting == 0)
            {
                bool isLong = start - skip + limits.SizeLimit < Math.Min(start + picture.Stride, available);
                (string limit, long value, long enough) = isLong
                    ? ("size_limit_mb", limits.SizeLimit >> 20, ((picture.Stride + (1L << 20)) >> 20) + 1)
                    : ("list_limit", limits.ListLimit, (picture.Stride / Environment.SystemPageSize) + 2);
                why = $"row {row} of the picture alone needs more than {limit} {value} allows";
                cure = $"echo {enough} | sudo tee {UdmaBufLimits.ParametersDirectory}/{limit}";
                return false;
            }
            cut.Add(Make(runs, index, row, fitting, start, Math.Min(start + ((long)fitting * picture.Stride), available), skip));
            row += fitting;
        }
        bands = [.. cut];
        return true;
    }

    /// <summary>How many rows, counted from <paramref name="row"/>, end at or before <paramref name="most"/>.</summary>
    private static int FittingRows(FrameLayout picture, int row, long start, long most, long available)
    {
        int left = picture.Height - row;
        // The padding of the last rows may reach past the end of the backing.
        return Math.Min(start + ((long)left * picture.Stride), available) <= most
            ? left
            : (int)Math.Clamp((most - start) / picture.Stride, 0, left - 1);
    }

    private static Band Make(ReadOnlySpan<Run> runs, int index, int row, int count, long start, long end, int skip)
    {
        int last = index;
        while (runs[last].End < end)
        {
            last++;
        }
        var ranges = new FileRange[last - index + 1];
        long length = 0;
        long at = start;
        for (int i = 0; i < ranges.Length; i++)
        {
            ref readonly Run run = ref runs[index + i];
            long stop = Math.Min(end, run.End);
            long fileStart = SmallPages.RoundDown(at + run.Shift);
            long bytes = SmallPages.RoundUp(stop + run.Shift) - fileStart;
            ranges[i] = new FileRange(run.Region.Descriptor, fileStart, bytes);
            length += bytes;
            at = stop;
        }
        return new Band(row, count, skip, length, ImmutableCollectionsMarshal.AsImmutableArray(ranges));
    }

    /// <summary>The picture's bytes as runs of files; adjacent ranges of one file are joined (two regions may show the same file). False if
    /// two runs meet inside a page.</summary>
    /// <param name="room">Storage for <paramref name="runs"/>: one for each range.</param>
    /// <param name="available">How many bytes may be used, including padding after the last pixel.</param>
    private static bool TryMerge(
        Backing pages, FrameLayout picture, Span<Run> room, out ReadOnlySpan<Run> runs, out long available, [NotNullWhen(false)] out string? why)
    {
        int count = 0;
        long at = 0;
        long pictureEnd = picture.End;
        // Padding after the last pixel can be used only up to the first place where two runs meet inside a page.
        available = long.MaxValue;
        for (int i = 0; i < pages.RangeCount; i++)
        {
            MemoryRange range = pages.GetRange(i);
            if (count > 0)
            {
                ref Run last = ref room[count - 1];
                long before = at + last.Shift;
                if (before == range.Offset && IsSameFile(last.Region, range.Region))
                {
                    at += range.Length;
                    last = last with { End = at };
                    continue;
                }
                // It does not matter how bytes before and after the picture lie.
                if (at > picture.Offset && available > at && (!SmallPages.IsAtPage(before) || !SmallPages.IsAtPage(range.Offset)))
                {
                    if (at < pictureEnd)
                    {
                        runs = default;
                        why = $"the resource's pages are cut at byte {at} (offset {range.Offset} of the guest's memory), which is inside a page";
                        return false;
                    }
                    available = at;
                }
            }
            room[count++] = new Run(range.Region, range.Offset - at, at + range.Length);
            at += range.Length;
        }
        available = Math.Min(available, at);
        runs = room[..count];
        why = null;
        return true;
    }

    private static bool IsSameFile(MemoryRegion one, MemoryRegion other) =>
        ReferenceEquals(one, other) || (one.Device == other.Device && one.Inode == other.Inode);

    /// <summary>Bytes of the picture that are contiguous in a file.</summary>
    /// <param name="Shift">Added to an offset in the picture, gives the offset in the file.</param>
    /// <param name="End">The first byte of the picture after the run.</param>
    private readonly record struct Run(MemoryRegion Region, long Shift, long End);
}
