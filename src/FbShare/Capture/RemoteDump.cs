using FbShare.Display.Client;
using FbShare.Linux;
using FbShare.Pictures;

namespace FbShare.Capture;

/// <summary>Watches a console of another process and takes its picture once: the first there is, after a number of frames, or when
/// it has been still for a time.</summary>
/// <remarks>The picture is read before the update that completed it is answered, so a guest that waits for its flips shows in it
/// whole.</remarks>
public sealed class RemoteDump : IDisplayView, IDisposable
{
    /// <summary>QEMU draws for viewers only: the first picture it sends to the first one may be older than the guest's screen.</summary>
    private static readonly TimeSpan CatchUp = TimeSpan.FromMilliseconds(250);

    private readonly RemoteConsole _console;
    private readonly DumpTrigger _trigger;
    private readonly bool _withCursor;
    private readonly Action<Picture> _taken;
    private readonly LoopTimer _timer;
    private int _frames;
    private bool _done;

    /// <param name="trigger">Still, or the first frame to take (1: what is shown now).</param>
    /// <param name="withCursor">Draw the pointer into the picture.</param>
    /// <param name="taken">Called once, on the loop.</param>
    public RemoteDump(EventLoop loop, RemoteConsole console, DumpTrigger trigger, bool withCursor, Action<Picture> taken)
    {
        _console = console;
        _trigger = trigger;
        _withCursor = withCursor;
        _taken = taken;
        _timer = new LoopTimer(loop, Take);
    }

    /// <summary>Why no picture could be taken although one is shown; null where nothing stands in the way.</summary>
    public string? Obstacle { get; private set; }

    public string? Show(RemotePicture picture)
    {
        Obstacle = picture.IsReadable
            ? null
            : $"the picture is in the GPU's own layout (modifier 0x{picture.Modifier:x}) and cannot be read: use gl=off in QEMU's -display, or 'fbshare view'";
        return Obstacle;
    }

    public bool Update(Rect damage)
    {
        _frames++;
        Changed();
        return true;
    }

    public void Forget(RemotePicture picture)
    {
    }

    public void Disable() => _timer.Cancel();

    public void DefineCursor(CursorImage image) => CursorChanged();

    public void MoveCursor(CursorPosition position) => CursorChanged();

    public void Dispose() => _timer.Dispose();

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
        _done = true;
        Picture picture = Picture.Copy(shown);
        if (_withCursor && _console.Cursor is { } cursor)
        {
            picture = picture.WithCursor(cursor, _console.CursorPosition);
        }
        _taken(picture);
    }
}
