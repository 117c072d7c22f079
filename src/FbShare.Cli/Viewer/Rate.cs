namespace FbShare.Cli.Viewer;

/// <summary>How much of something there was in the last second.</summary>
internal sealed class Rate
{
    private const long Slice = 50_000_000;
    private const int Slices = 20;

    private readonly long[] _amounts = new long[Slices];
    private long _last;

    /// <param name="now">Nanoseconds, never less than before.</param>
    public void Add(long amount, long now)
    {
        Advance(now);
        _amounts[_last % Slices] += amount;
    }

    /// <summary>The amount in the second before <paramref name="now"/>.</summary>
    public long PerSecond(long now)
    {
        Advance(now);
        long sum = 0;
        foreach (long amount in _amounts)
        {
            sum += amount;
        }
        return sum;
    }

    private void Advance(long now)
    {
        long slice = now / Slice;
        for (long i = Math.Max(_last + 1, slice - Slices + 1); i <= slice; i++)
        {
            _amounts[i % Slices] = 0;
        }
        _last = Math.Max(_last, slice);
    }
}
