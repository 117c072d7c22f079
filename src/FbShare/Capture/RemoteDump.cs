using FbShare.Display.Client;
using FbShare.Linux;
using FbShare.Pictures;

namespace FbShare.Capture;

/// <summary>Watches a console of another process and takes one picture of it: the first one, or after a number of frames, or when it has
/// not changed for a while.</summary>
/// <remarks>The picture is read before the update is answered, so a guest that waits for its flips does not draw meanwhile, and the
/// picture is complete.</remarks>
public sealed class RemoteDump : IDisplayView, IDisposable
{
    /// <summary>QEMU updates its picture only while somebody watches, so the first one that it sends to the first viewer may be old.</summary>
    private static readonly TimeSpan CatchUp = TimeSpan.FromMilliseconds(250);

    /// <summary>After so many pictures that may have been partly the next frame, this host is too slow to read them in time.</summary>
    private const int MostAttempts = 3;

    private readonly EventLoop _loop;
    private readonly RemoteConsole _console;
    private readonly DumpTrigger _trigger;
    private readonly bool _withCursor;
    private readonly Action<Picture> _taken;
    private readonly Func<RemotePicture, Picture?>? _read;
    private readonly LoopTimer _timer;
    private int _frames;
    private int _attempts;
    private bool _done;

    /// <param name="loop">The client's loop.</param>
    /// <param name="console">The screen, which the caller has watched by this.</param>
    /// <param name="trigger">When to take it; frame 1 is the picture that is shown now.</param>
    /// <param name="withCursor">Whether to draw the pointer into the picture.</param>
    /// <param name="taken">Called once, on the loop.</param>
    /// <param name="read">How to read the picture, which is whole meanwhile; it returns null if it cannot, and then nothing is taken. Null: from
    /// its memory.</param>
    public RemoteDump(
        EventLoop loop, RemoteConsole console, DumpTrigger trigger, bool withCursor, Action<Picture> taken, Func<RemotePicture, Picture?>? read = null)
    {
        _loop = loop;
        _console = console;
        _trigger = trigger;
        _withCursor = withCursor;
        _taken = taken;
        _read = read;
        _timer = new LoopTimer(loop, Take);
    }

    /// <summary>Why the picture that is shown cannot be taken; null if it can.</summary>
    public string? Obstacle { get; private set; }

    /// <inheritdoc/>
    public string? Show(RemotePicture picture)
    {
        Obstacle = picture.IsReadable
            ? null
            : $"the picture is in a GPU's own memory layout (modifier 0x{picture.Modifier:x}), which cannot be read here: use gl=off in QEMU's -display, or look with a viewer that imports dma-bufs";
        return Obstacle;
    }

    /// <inheritdoc/>
    public bool Update(Rect damage)
    {
        _frames++;
        Changed();
        return true;
    }

    /// <inheritdoc/>
    public void Forget(RemotePicture picture)
    {
    }

    /// <inheritdoc/>
    public void Disable() => _timer.Cancel();

    /// <inheritdoc/>
    public void DefineCursor(CursorImage image) => CursorChanged();

    /// <inheritdoc/>
    public void MoveCursor(CursorPosition position) => CursorChanged();

    /// <summary>Stops waiting. The console goes on being watched until its owner ends that.</summary>
    public void Dispose() => _timer.Dispose();

    /// <summary>The display copies a frame while the guest waits, however slow its reader is.</summary>
    private void TakeCopies()
    {
        if (!_done)
        {
            _attempts = 0;
            _console.Unwatch();
            try
            {
                _console.Watch(this, takeDmaBuf: false);
            }
            catch (DisplayException e)
            {
                Obstacle = e.Message;
            }
        }
    }

    private void CursorChanged()
    {
        if (_withCursor && _trigger.Still is not null)
        {
            Changed();
        }
    }

    private void Changed()
    {
        if (_done || _console.Picture is null)
        {
            return;
        }
        if (_trigger.Still is { } still)
        {
            _timer.SetAfter(still);
        }
        else if (_frames < _trigger.Frame)
        {
            return;
        }
        else if (_console.Status.IsKnown)
        {
            Take();
        }
        else if (_timer.DueAt is null)
        {
            _timer.SetAfter(CatchUp);
        }
    }

    private void Take()
    {
        if (_done || Obstacle is not null || _console.Picture is not { } shown)
        {
            return;
        }
        long start = EventLoop.Now;
        if ((_read is null ? Picture.Copy(shown) : _read(shown)) is not { } picture)
        {
            return;
        }
        if (!_console.IsOneFrame(start) && ++_attempts <= MostAttempts)
        {
            _timer.SetAfter(RemoteConsole.SettledAfter);
            if (_attempts == MostAttempts && _read is null && shown.Source == RemotePictureSource.DmaBuf)
            {
                _loop.Post(TakeCopies);
            }
            return;
        }
        _done = true;
        _timer.Cancel();
        if (_withCursor && _console.Cursor is { } cursor)
        {
            picture = picture.WithCursor(cursor, _console.CursorPosition);
        }
        _taken(picture);
    }
}
