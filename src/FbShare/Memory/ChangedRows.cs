namespace FbShare.Memory;

/// <summary>Copies rows onto an older copy of them, writes only what differs, and knows what that was: bytes
/// [<see cref="First"/>, <see cref="End"/>) of rows [<see cref="FirstRow"/>, <see cref="EndRow"/>).</summary>
/// <remarks>A guest that flips says that all has changed. Looking costs about what copying does, and saves whoever reads the copy
/// the rest.</remarks>
public struct ChangedRows
{
    public int FirstRow { get; private set; }

    public int EndRow { get; private set; }

    public int First { get; private set; }

    public int End { get; private set; }

    /// <summary>How many bytes were written.</summary>
    public long Copied { get; private set; }

    public readonly bool IsEmpty => Copied == 0;

    /// <summary>All of them changed.</summary>
    internal static ChangedRows All(int rows, int rowBytes) => new() { EndRow = rows, End = rowBytes, Copied = (long)rows * rowBytes };

    /// <summary>Whether what changed spans the most of so many rows: then nothing is gained by a closer look.</summary>
    internal readonly bool SpansMostOf(int rows, int rowBytes) => (long)(EndRow - FirstRow) * (End - First) > (long)rows * rowBytes / 2;

    /// <summary>Copies a piece of a row. The source may change meanwhile: what is then missed is in the next frame's damage.</summary>
    /// <param name="at">Where in the row the piece begins.</param>
    /// <param name="to">As long as <paramref name="from"/>.</param>
    internal void Copy(int row, int at, ReadOnlySpan<byte> from, Span<byte> to)
    {
        int first = from.SequenceEqual(to) ? from.Length : from.CommonPrefixLength(to);
        if (first == from.Length)
        {
            return;
        }
        int end = first + LengthWithoutCommonEnd(from[first..], to[first..]);
        if (end == first)
        {
            return;
        }
        from[first..end].CopyTo(to[first..]);
        FirstRow = IsEmpty ? row : Math.Min(FirstRow, row);
        EndRow = Math.Max(EndRow, row + 1);
        First = IsEmpty ? at + first : Math.Min(First, at + first);
        End = Math.Max(End, at + end);
        Copied += end - first;
    }

    private static int LengthWithoutCommonEnd(ReadOnlySpan<byte> one, ReadOnlySpan<byte> other)
    {
        const int step = 64;
        int length = one.Length;
        while (length >= step && one.Slice(length - step, step).SequenceEqual(other.Slice(length - step, step)))
        {
            length -= step;
        }
        while (length > 0 && one[length - 1] == other[length - 1])
        {
            length--;
        }
        return length;
    }
}
