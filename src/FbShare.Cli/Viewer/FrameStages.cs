using System.Globalization;

namespace FbShare.Cli.Viewer;

/// <summary>When a frame passed each stage, in nanoseconds of the loop's clock.</summary>
/// <param name="Flushed">The guest was done with it, as far as the display says so; else 0.</param>
/// <param name="Told">The display told of the (first) change.</param>
/// <param name="Drawn">Everything was given to OpenGL.</param>
/// <param name="Presented">The window system has it.</param>
/// <param name="Acknowledged">The display was told that its picture has been read.</param>
internal readonly record struct FrameTimes(long Flushed, long Told, long Drawn, long Presented, long Acknowledged);

/// <summary>The stages of the last frames.</summary>
internal sealed class FrameStages
{
    /// <summary>The frames that <see cref="Describe"/> is about.</summary>
    public const int Capacity = 2000;

    /// <summary>The frames that a user watches.</summary>
    public const int Recent = 120;

    private readonly FrameTimes[] _frames = new FrameTimes[Capacity];
    private readonly long[] _sorted = new long[Recent];
    private long _count;

    /// <summary>How many frames are kept.</summary>
    public int Count => (int)Math.Min(_count, Capacity);

    /// <summary>How many of the <see cref="Recent"/> frames there are.</summary>
    public int RecentCount => Math.Min(Count, Recent);

    /// <summary>The frame that came <paramref name="age"/> frames before the last.</summary>
    public FrameTimes this[int age] => _frames[(_count - 1 - age) % Capacity];

    public void Add(FrameTimes frame) => _frames[_count++ % Capacity] = frame;

    /// <summary>Nanoseconds from one stage to another in the <see cref="Recent"/> frames: the median, within what 99 of 100 are, and the most; zeros
    /// without a frame.</summary>
    public (long Median, long Within99, long Most) Measure(Func<FrameTimes, long> length)
    {
        Span<long> times = _sorted.AsSpan(0, RecentCount);
        for (int age = 0; age < times.Length; age++)
        {
            times[age] = length(this[age]);
        }
        times.Sort();
        return times.IsEmpty ? default : (Within(times, 50), Within(times, 99), times[^1]);
    }

    /// <summary>A line about the frames that are kept, from the guest's flush on where it is known. There must be one.</summary>
    public string Describe()
    {
        bool isFlushKnown = this[0].Flushed != 0;
        string told = isFlushKnown ? $"told {Of(f => f.Told - f.Flushed)}, " : "";
        Func<FrameTimes, long> start = isFlushKnown ? f => f.Flushed : f => f.Told;
        return $"the last {Count}, since {(isFlushKnown ? "the guest's flush" : "they were told of")} (median, 99 of 100 within, most): {told}drawn {Of(f => f.Drawn - start(f))}, "
            + $"presented {Of(f => f.Presented - start(f))}, acknowledged {Of(f => f.Acknowledged - start(f))} ms";

        string Of(Func<FrameTimes, long> length)
        {
            long[] times = [.. _frames.Take(Count).Select(length).Order()];
            return string.Create(CultureInfo.InvariantCulture, $"{Within(times, 50) / 1e6:f2} {Within(times, 99) / 1e6:f2} {times[^1] / 1e6:f2}");
        }
    }

    /// <summary>Within what so many of a hundred are.</summary>
    private static long Within(ReadOnlySpan<long> sorted, int percent) => sorted[((sorted.Length * percent) - 1) / 100];
}
