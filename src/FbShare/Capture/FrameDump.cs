using FbShare.Display;
using FbShare.Linux;
using FbShare.Pictures;

namespace FbShare.Capture;

/// <summary>Watches one output of this process's device and takes one picture of it: after a number of frames, or when it has not changed for a
/// while.</summary>
/// <remarks>A boot screen that stands still is taken as well, each time, since nobody knows whether a driver will follow. The guest is not there yet, so the
/// picture that counts, and is the last one, is the first that a driver shows. A boot screen's frames are not counted.</remarks>
public sealed class FrameDump : IDisplayConsumer, IDisposable
{
    private readonly DisplayHub _hub;
    private readonly int _output;
    private readonly DumpTrigger _trigger;
    private readonly Action<Picture, Scanout> _taken;
    private readonly LoopTimer _timer;
    private CursorImage? _cursor;
    private CursorPosition _cursorPosition;
    private bool _hasPicture;
    private int _frames;
    private bool _isDue;

    /// <summary>Makes a consumer, which the caller attaches to the output.</summary>
    /// <param name="loop">The hub's loop.</param>
    /// <param name="hub">Where the output is.</param>
    /// <param name="output">Which output, for the second look that a trigger by stillness needs.</param>
    /// <param name="trigger">When to take the picture.</param>
    /// <param name="taken">Called on the loop with a picture and what it shows. <see cref="IsDone"/> tells whether it was the last.</param>
    public FrameDump(EventLoop loop, DisplayHub hub, int output, DumpTrigger trigger, Action<Picture, Scanout> taken)
    {
        _hub = hub;
        _output = output;
        _trigger = trigger;
        _taken = taken;
        _timer = new LoopTimer(loop, LookAgain);
    }

    /// <summary>Whether the picture that was asked for has been taken.</summary>
    public bool IsDone { get; private set; }

    /// <summary>Whether to draw the pointer into the picture.</summary>
    public bool WithCursor { get; init; }

    /// <inheritdoc/>
    public PictureForms Takes(FrameLayout picture) => PictureForms.BufferAnywhere;

    /// <inheritdoc/>
    public void Present(in Frame frame)
    {
        if (IsDone)
        {
            return;
        }
        _hasPicture = true;
        if (!_isDue)
        {
            _frames += frame.Scanout.Kind == ScanoutKind.Boot ? 0 : 1;
            Changed();
        }
        if (_isDue || (_trigger.Still is null && _frames >= _trigger.Frame))
        {
            Take(frame);
        }
    }

    /// <inheritdoc/>
    public void Disable()
    {
        _hasPicture = false;
        _isDue = false;
        _timer.Cancel();
    }

    /// <inheritdoc/>
    public void DefineCursor(CursorImage? image)
    {
        _cursor = image;
        Changed();
    }

    /// <inheritdoc/>
    public void MoveCursor(CursorPosition position)
    {
        _cursorPosition = position;
        Changed();
    }

    /// <summary>Stops waiting. Detach it from the output first.</summary>
    public void Dispose() => _timer.Dispose();

    /// <summary>Starts waiting again for the picture to stop changing.</summary>
    private void Changed()
    {
        if (_trigger.Still is { } still && _hasPicture && !IsDone)
        {
            _isDue = false;
            _timer.SetAfter(still);
        }
    }

    /// <summary>The picture has not changed for long enough. It may be read only while it is being presented, so it is asked for again.</summary>
    private void LookAgain()
    {
        _isDue = true;
        _hub.ShowAgain(_output, this);
    }

    private void Take(in Frame frame)
    {
        _isDue = false;
        IsDone = frame.Scanout.Kind != ScanoutKind.Boot;
        Picture picture = Picture.Copy(frame.Layout, frame.Buffer!.From(0));
        if (WithCursor && _cursor is not null)
        {
            picture = picture.WithCursor(_cursor, _cursorPosition);
        }
        _taken(picture, frame.Scanout);
    }
}

/// <summary>When to take a picture: after <paramref name="Still"/> without a change, or else at the <paramref name="Frame"/>th frame.</summary>
public readonly record struct DumpTrigger(TimeSpan? Still, int Frame)
{
    /// <summary>Such as <c>still:1s</c> or <c>frame:12</c>.</summary>
    public override string ToString() => Still is { } still ? $"still:{still.TotalSeconds:0.###}s" : $"frame:{Frame}";
}
