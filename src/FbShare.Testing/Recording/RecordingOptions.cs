namespace FbShare.Testing.Recording;

/// <summary>How to record a screen.</summary>
public sealed record RecordingOptions
{
    /// <summary>Pictures a second, from 1 to 240: each shows what the screen showed at its time. Null: a picture for every flush of the guest.</summary>
    public int? FramesPerSecond { get; init; } = 30;

    /// <summary>How much memory frames may take that are not written yet, in bytes; at least four frames are kept in any case.</summary>
    public long MostPending { get; init; } = 256L << 20;

    /// <summary>How long a flush may wait for room. Within a lease's time the guest slows down with the disk instead of losing frames.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromMilliseconds(30);
}

/// <summary>What a recording has so far, or in the end.</summary>
/// <param name="Frames">How many pictures were written.</param>
/// <param name="Dropped">How many are missing: frames that found no room, and flushes that the display never told of because it was busy.</param>
/// <param name="OtherSizes">How many had another size than the first; a video has one size, so they were cut off or have black around.</param>
/// <param name="Length">From the first picture to the last.</param>
/// <param name="Width">The recording's size in pixels; 0 before the first picture.</param>
/// <param name="Height">As above.</param>
public readonly record struct RecordingSummary(long Frames, long Dropped, long OtherSizes, TimeSpan Length, int Width, int Height);
