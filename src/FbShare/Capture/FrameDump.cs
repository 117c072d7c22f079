using FbShare.Display;
using FbShare.Linux;
using FbShare.Memory;
using FbShare.Pictures;

namespace FbShare.Capture;

/// <summary>Watches one output and takes its picture once: after a number of frames, or when it has been still for a time.</summary>
public sealed class FrameDump : IDisplayConsumer, IDisposable
{
    private readonly DumpTrigger _trigger;
    private readonly Action<Picture, Scanout> _taken;
    private readonly LoopTimer _timer;
    private FrameBuffer? _buffer;
    private FrameLayout _layout;
    private Scanout? _scanout;
    private CursorImage? _cursor;
    private CursorPosition _cursorPosition;
    private int _frames;
    private bool _done;

    /// <param name="taken">Called once, on the loop, with the picture and what it shows.</param>
    public FrameDump(EventLoop loop, DumpTrigger trigger, Action<Picture, Scanout> taken)
    {
        _trigger = trigger;
        _taken = taken;
        _timer = new LoopTimer(loop, Take);
    }

    /// <summary>Draw the pointer into the picture.</summary>
    public bool WithCursor { get; init; }

    public bool TakesDmaBuf => false;

    public void ShowDmaBuf(Scanout scanout, DmaBufFrame frame) => throw new InvalidOperationException("dma-bufs are not taken");

    public void ShowBuffer(Scanout scanout, FrameBuffer buffer, FrameLayout layout)
    {
        _scanout = scanout;
        _buffer = buffer;
        _layout = layout;
    }

    public void Disable()
    {
        _scanout = null;
        _buffer = null;
        _timer.Cancel();
    }

    public bool Update(Rect damage)
    {
        _frames++;
        Changed();
        return false;
    }

    public void DefineCursor(CursorImage? image)
    {
        _cursor = image;
        Changed();
    }

    public void MoveCursor(CursorPosition position)
    {
        _cursorPosition = position;
        Changed();
    }

    public void Dispose() => _timer.Dispose();

    private void Changed()
    {
        if (_done || _buffer is null)
        {
            return;
        }
        if (_trigger.Still is { } still)
        {
            _timer.SetAfter(still);
        }
        else if (_frames >= _trigger.Frame)
        {
            Take();
        }
    }

    private void Take()
    {
        if (_done || _buffer is null)
        {
            return;
        }
        _done = true;
        Picture picture = Picture.Copy(_layout, _buffer.From(0));
        if (WithCursor && _cursor is not null)
        {
            picture = picture.WithCursor(_cursor, _cursorPosition);
        }
        _taken(picture, _scanout!);
    }
}

/// <summary>When to take a picture: after <paramref name="Still"/> without a change, or else at the <paramref name="Frame"/>th frame.</summary>
public readonly record struct DumpTrigger(TimeSpan? Still, int Frame)
{
    /// <summary>As <see cref="TryParse"/> reads it.</summary>
    public override string ToString() => Still is { } still ? $"still:{still.TotalSeconds:0.###}s" : $"frame:{Frame}";

    /// <summary>Reads <c>still:1s</c>, <c>still:250ms</c> or <c>frame:12</c>.</summary>
    public static bool TryParse(string text, out DumpTrigger trigger)
    {
        trigger = default;
        if (text.StartsWith("still:", StringComparison.Ordinal) && Durations.TryParse(text[6..], out TimeSpan still) && still > TimeSpan.Zero)
        {
            trigger = new DumpTrigger(still, 0);
            return true;
        }
        if (text.StartsWith("frame:", StringComparison.Ordinal) && int.TryParse(text.AsSpan(6), out int frame) && frame > 0)
        {
            trigger = new DumpTrigger(null, frame);
            return true;
        }
        return false;
    }
}
