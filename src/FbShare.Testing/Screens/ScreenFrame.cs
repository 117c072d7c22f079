using FbShare.Capture;
using FbShare.Pictures;

namespace FbShare.Testing.Screens;

/// <summary>A frame as it comes, for the length of the call that tells of it.</summary>
public readonly ref struct ScreenFrame
{
    private readonly LivePicture _live;

    internal ScreenFrame(LivePicture live, Rect damage, FrameStamp stamp, bool isCatchUp, bool looksDifferent)
    {
        _live = live;
        Damage = damage;
        Stamp = stamp;
        IsCatchUp = isCatchUp;
        LooksDifferent = looksDifferent;
    }

    /// <summary>The whole picture, valid during the call: who keeps it copies it (<see cref="Picture.Clone"/>).</summary>
    public Picture Picture => _live.Picture!;

    /// <summary>What may have changed.</summary>
    public Rect Damage { get; }

    /// <summary>Which frame it is.</summary>
    public FrameStamp Stamp { get; }

    /// <summary>Whether this is the picture that was there already when the observer came, and not a frame that the guest has just made.</summary>
    public bool IsCatchUp { get; }

    /// <summary>Whether a pixel looks different from the frame before.</summary>
    public bool LooksDifferent { get; }

    /// <summary>Whether one of these parts looks different from the frame before. Never at a catch-up.</summary>
    internal bool ChangedIn(List<Rect> parts) => !IsCatchUp && LooksDifferent && _live.ChangedIn(parts);
}

/// <summary>Which frame of an output.</summary>
/// <param name="Sequence">Counts the frames that were seen since the output is watched, from 1.</param>
/// <param name="At">When the guest flushed it, or else when it came: nanoseconds of <see cref="Linux.EventLoop.Now"/>'s clock.</param>
/// <param name="Flush">The guest's flushes up to this one since the device exists, where the display counts them (a device of ours does): frames
/// between two that were seen are the ones missed.</param>
public readonly record struct FrameStamp(long Sequence, long At, long? Flush);

/// <summary>Somebody who is told what a screen does (<see cref="Screen.AddObserverAsync"/>). Called on the display's thread; must not block.</summary>
public interface IScreenObserver
{
    /// <summary>A frame came. The guest may be waiting until this returns.</summary>
    /// <param name="frame">Valid until this returns.</param>
    void Frame(in ScreenFrame frame);

    /// <summary>The output shows nothing.</summary>
    void Off();

    /// <summary>The display is gone, or its pictures cannot be read. Nothing follows.</summary>
    /// <param name="why">What happened.</param>
    void Lost(Exception why);
}
