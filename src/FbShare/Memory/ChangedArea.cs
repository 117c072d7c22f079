using FbShare.Pictures;

namespace FbShare.Memory;

/// <summary>Where a picture turned out to have changed while it was copied over its earlier self: for each band of rows the columns from the first
/// to the last that did, but for some pixels, since whole blocks of bytes are compared.</summary>
internal sealed class ChangedArea
{
    /// <summary>Rows of a band: a line of text.</summary>
    private const int BandRows = 16;

    private readonly (int Left, int Right)[] _bands = new (int, int)[FrameLayout.MaxDimension / BandRows];
    private int _stride = 1;
    private int _first = int.MaxValue;
    private int _last = -1;

    /// <summary>Nothing has changed so far.</summary>
    /// <param name="stride">Bytes from row to row of the copy, whole pixels.</param>
    public void Start(int stride)
    {
        for (int band = Math.Max(_first, 0); band <= _last; band++)
        {
            _bands[band] = default;
        }
        (_stride, _first, _last) = (stride, int.MaxValue, -1);
    }

    /// <summary>Some bytes changed.</summary>
    /// <param name="at">From the first pixel's first byte on.</param>
    /// <param name="count">At least one.</param>
    public void Add(long at, int count)
    {
        while (count > 0)
        {
            (long row, long column) = Math.DivRem(at, _stride);
            int inRow = (int)Math.Min(count, _stride - column);
            int band = (int)row / BandRows;
            (int left, int right) = ((int)column / DrmFormats.BytesPerPixel, ((int)column + inRow + DrmFormats.BytesPerPixel - 1) / DrmFormats.BytesPerPixel);
            ref (int Left, int Right) span = ref _bands[band];
            span = span.Right == 0 ? (left, right) : (Math.Min(span.Left, left), Math.Max(span.Right, right));
            _first = Math.Min(_first, band);
            _last = Math.Max(_last, band);
            at += inRow;
            count -= inRow;
        }
    }

    /// <summary>Adds what changed, as few rectangles that have not much else in them.</summary>
    /// <param name="within">What could have.</param>
    public void AddTo(Region region, Rect within)
    {
        Rect open = default;
        long changed = 0;
        for (int band = _first; band <= _last; band++)
        {
            (int left, int right) = _bands[band];
            Rect next = new Rect(left, band * BandRows, right - left, BandRows).Intersect(within);
            if (next.IsEmpty)
            {
                continue;
            }
            Rect both = open.Union(next);
            changed += Pixels(next);
            // A rectangle more costs about as much as some thousand pixels. All bands count: each may add little to what the last ones were given.
            if (Pixels(both) <= changed + (changed / 4) + 8192)
            {
                open = both;
            }
            else
            {
                region.Add(open);
                (open, changed) = (next, Pixels(next));
            }
        }
        region.Add(open);
    }

    private static long Pixels(Rect rect) => (long)rect.Width * rect.Height;
}
