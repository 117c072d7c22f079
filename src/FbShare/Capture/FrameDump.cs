using FbShare.Display;
using FbShare.Linux;
using FbShare.Pictures;

namespace FbShare.Capture;

/// <summary>Watches one output of this process's device and takes one picture of it: after a number of frames, or when it has not changed for a
/// while.</summary>
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
    private bool _done;

    /// <summary>Makes a consumer, which the caller attaches to the output.</summary>
    /// <param name="loop">The hub's loop.</param>
    /// <param name="hub">Where the output is.</param>
    /// <param name="output">Which output, for the second look that a trigger by stillness needs.</param>
    /// <param name="trigger">When to take the picture.</param>
    /// <param name="taken">Called once, on the loop, with the picture and what it shows.</param>
    public FrameDump(EventLoop loop, DisplayHub hub, int output, DumpTrigger trigger, Action<Picture, Scanout> taken)
    {
        _hub = hub;
        _output = output;
        _trigger = trigger;
        _taken = taken;
        _timer = new LoopTimer(loop, LookAgain);
    }

    /// <summary>Whether to draw the pointer into the picture.</summary>
    public bool WithCursor { get; init; }

    /// <inheritdoc/>
    public PictureForms Takes(FrameLayout picture) => PictureForms.BufferAnywhere;

    /// <inheritdoc/>
    public void Present(in Frame frame)
    {
        if (_done)
        {
            return;
        }
        _hasPicture = true;
        if (!_isDue)
        {
            _frames++;
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
        if (_trigger.Still is { } still && _hasPicture && !_done)
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
        _done = true;
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
