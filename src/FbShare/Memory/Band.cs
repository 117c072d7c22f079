using System.Diagnostics.CodeAnalysis;
using FbShare.Linux;

namespace FbShare.Memory;

/// <summary>Rows of pixels in a run of bytes.</summary>
/// <param name="Offset">Bytes before the first row.</param>
/// <param name="Stride">Bytes from row to row, at least <paramref name="RowBytes"/>.</param>
/// <param name="RowBytes">Bytes of pixels in a row.</param>
/// <param name="Count">Rows, at least 1.</param>
public readonly record struct PixelRows(long Offset, int Stride, int RowBytes, int Count);

/// <summary>A run of whole rows of a picture that fits one udmabuf.</summary>
/// <param name="FirstRow">Its place in the picture.</param>
/// <param name="RowCount">Rows.</param>
/// <param name="Offset">Bytes from the udmabuf's begin to the first row: less than a page.</param>
/// <param name="Length">Bytes of the udmabuf, whole pages.</param>
/// <param name="Ranges">Page-aligned file ranges which, one after the other, are the udmabuf.</param>
public sealed record Band(int FirstRow, int RowCount, int Offset, long Length, IReadOnlyList<FileRange> Ranges)
{
    /// <summary>Cuts a picture into the fewest bands that keep to the limits.</summary>
    /// <param name="pages">Where the picture's bytes are, in order.</param>
    /// <param name="rows">Which bytes are pixels; checked against <paramref name="pages"/> by whoever made it.</param>
    /// <param name="why">Why it cannot be done, in words.</param>
    /// <param name="cure">What the user can do; null where nothing can be done.</param>
    /// <remarks>Taking as many rows as fit, from the top, is the fewest: whatever rows fit together, fewer of them do as well.
    /// A band ends with the padding of its last row where there is any, because drivers count whole strides.</remarks>
    public static bool TryCut(
        IReadOnlyList<MemoryRange> pages, PixelRows rows, UdmaBufLimits limits, [NotNullWhen(true)] out Band[]? bands, [NotNullWhen(false)] out string? why, out string? cure)
    {
        bands = null;
        cure = null;
        if (!TryMerge(pages, rows, out List<Run>? runs, out long available, out why))
        {
            return false;
        }
        var cut = new List<Band>();
        int index = 0;
        for (int row = 0; row < rows.Count;)
        {
            long start = rows.Offset + ((long)row * rows.Stride);
            while (runs[index].End <= start)
            {
                index++;
            }
            int skip = SmallPages.Within(start + runs[index].Shift);
            long most = start - skip + limits.SizeLimit;
            if (limits.ListLimit < runs.Count - index)
            {
                most = limits.ListLimit < 1 ? start : Math.Min(most, runs[index + limits.ListLimit - 1].End);
            }
            int fitting = FittingRows(rows, row, start, most, available);
            if (fitting == 0)
            {
                bool isLong = start - skip + limits.SizeLimit < Math.Min(start + rows.Stride, available);
                (string limit, long value, long enough) = isLong
                    ? ("size_limit_mb", limits.SizeLimit >> 20, ((rows.Stride + (1L << 20)) >> 20) + 1)
                    : ("list_limit", limits.ListLimit, (rows.Stride / Environment.SystemPageSize) + 2);
                why = $"row {row} alone needs more than {limit} {value}";
                cure = $"echo {enough} | sudo tee {UdmaBufLimits.ParametersDirectory}/{limit}";
                return false;
            }
            cut.Add(Make(runs, index, row, fitting, start, Math.Min(start + ((long)fitting * rows.Stride), available), skip));
            row += fitting;
        }
        bands = [.. cut];
        return true;
    }

    /// <summary>How many rows from <paramref name="row"/> on end at or before <paramref name="most"/>.</summary>
    private static int FittingRows(PixelRows rows, int row, long start, long most, long available)
    {
        int left = rows.Count - row;
        // The last rows' padding may reach past the bytes there are.
        return Math.Min(start + ((long)left * rows.Stride), available) <= most
            ? left
            : (int)Math.Clamp((most - start) / rows.Stride, 0, left - 1);
    }

    private static Band Make(List<Run> runs, int index, int row, int count, long start, long end, int skip)
    {
        var ranges = new List<FileRange>();
        long length = 0;
        for (long at = start; at < end; index++)
        {
            Run run = runs[index];
            long fileStart = SmallPages.RoundDown(at + run.Shift);
            long stop = Math.Min(end, run.End);
            long fileEnd = SmallPages.RoundUp(stop + run.Shift);
            ranges.Add(new FileRange(run.Region.Descriptor, fileStart, fileEnd - fileStart));
            length += fileEnd - fileStart;
            at = stop;
        }
        return new Band(row, count, skip, length, ranges);
    }

    /// <summary>The picture's bytes as runs of files, neighbours of one file joined (two regions may show the same file). False if
    /// a cut between two runs is not at a page's edge.</summary>
    /// <param name="available">How many bytes may be used, padding after the last pixel included.</param>
    private static bool TryMerge(
        IReadOnlyList<MemoryRange> pages, PixelRows rows, [NotNullWhen(true)] out List<Run>? runs, out long available, [NotNullWhen(false)] out string? why)
    {
        runs = new List<Run>(pages.Count);
        long at = 0;
        long pictureEnd = rows.Offset + ((long)(rows.Count - 1) * rows.Stride) + rows.RowBytes;
        for (int i = 0; i < pages.Count; i++)
        {
            MemoryRange range = pages[i];
            long end = at + range.Length;
            if (runs.Count > 0 && runs[^1] is var last && last.Region.Device == range.Region.Device && last.Region.Inode == range.Region.Inode
                && last.End + last.Shift == range.Offset)
            {
                runs[^1] = last with { End = end };
            }
            else
            {
                // Bytes before the picture and after it may lie as they like.
                if (at > rows.Offset && at < pictureEnd && (!SmallPages.IsAtPage(runs[^1].End + runs[^1].Shift) || !SmallPages.IsAtPage(range.Offset)))
                {
                    available = 0;
                    why = $"byte {at} of the resource, at offset {range.Offset} of its file, begins a range within a page";
                    return false;
                }
                runs.Add(new Run(range.Region, range.Offset - at, end));
            }
            at = end;
        }
        // Padding after the last pixel counts only up to the first cut that is not at a page's edge.
        available = at;
        for (int i = 0; i < runs.Count - 1; i++)
        {
            if (runs[i].End >= pictureEnd && (!SmallPages.IsAtPage(runs[i].End + runs[i].Shift) || !SmallPages.IsAtPage(runs[i + 1].Shift + runs[i].End)))
            {
                available = runs[i].End;
                break;
            }
        }
        why = null;
        return true;
    }

    /// <summary>Bytes of the picture that lie together in a file.</summary>
    /// <param name="Shift">What is added to a place in the picture to get the place in the file.</param>
    /// <param name="End">The first byte of the picture after the run.</param>
    private readonly record struct Run(MemoryRegion Region, long Shift, long End);
}
