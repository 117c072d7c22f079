namespace FbShare.VirtioGpu;

/// <summary>When an output's next fenced flush may complete, so that the guest flips at the refresh rate and no faster.</summary>
/// <param name="period">Nanoseconds between flips; 0 for no pacing.</param>
internal struct FlipPacer(long period)
{
    private long _next;

    /// <summary>Takes the next slot for a flush that came at <paramref name="now"/>.</summary>
    /// <returns>When it may complete: at once for a guest slower than the refresh rate, else a whole period after the last,
    /// measured from slot to slot so that late wake-ups do not add up.</returns>
    public long Take(long now)
    {
        // Never later than the next slot: a guest that sent many flushes at once does not wait for all of them afterwards.
        long due = Math.Clamp(_next, now, now + period);
        _next = due + period;
        return due;
    }

    /// <summary>Forgets the slots that were taken: the guest starts anew.</summary>
    public void Reset() => _next = 0;
}
