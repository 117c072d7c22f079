using FbShare.Capture;
using FbShare.Pictures;

namespace FbShare.Testing.Screens;

/// <summary>Something that a screen can be waited for: that it is still, that it changes, that it shows a picture or a text.</summary>
public abstract class ScreenTarget
{
    private protected ScreenTarget()
    {
    }

    /// <summary>It in words, after "wait for": "the text 'login:'".</summary>
    public abstract override string ToString();

    /// <summary>Starts to look for it.</summary>
    /// <param name="region">Where.</param>
    /// <param name="wait">What to tell if it comes at another time than with a frame.</param>
    internal abstract TargetWatch Begin(ScreenRegion region, ScreenWait wait);
}

/// <summary>Looks for a target frame by frame, on the display's thread.</summary>
internal abstract class TargetWatch(ScreenTarget target) : IDisposable
{
    public ScreenTarget Target { get; } = target;

    /// <summary>Looks at a frame.</summary>
    /// <returns>Where it was found; null if it is not there.</returns>
    public abstract ScreenFinding? Look(in ScreenFrame frame);

    /// <summary>The output shows nothing.</summary>
    public virtual void Off()
    {
    }

    /// <summary>What a picture lacks for this target. Not on the display's thread.</summary>
    /// <param name="actual">What was shown at the end; null if nothing.</param>
    public abstract TargetReport Explain(Picture? actual);

    public virtual void Dispose()
    {
    }
}

/// <summary>Where a target was found.</summary>
/// <param name="Area">The part of the screen that shows it; null where it has none, such as for stillness.</param>
/// <param name="ClickPoint">Where to click it.</param>
/// <param name="Similarity">How alike it was, from 0 to 1.</param>
internal sealed record ScreenFinding(Rect? Area, (int X, int Y)? ClickPoint, double Similarity)
{
    /// <summary>For targets that have no place.</summary>
    public static ScreenFinding Everywhere { get; } = new(null, null, 1);
}

/// <summary>How far a screen was from a target.</summary>
/// <param name="Target">Which.</param>
/// <param name="Reason">In words: what was there instead.</param>
/// <param name="Similarity">The best similarity that was found, from 0 to 1; null where it means nothing.</param>
/// <param name="Area">Where that was.</param>
/// <param name="Expected">What it should have looked like; null if there is no picture of that.</param>
/// <param name="Difference">The actual picture with what differs marked; null likewise.</param>
public sealed record TargetReport(ScreenTarget Target, string Reason, double? Similarity = null, Rect? Area = null, Picture? Expected = null, Picture? Difference = null);
