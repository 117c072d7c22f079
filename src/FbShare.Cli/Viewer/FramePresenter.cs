using FbShare.Display;
using FbShare.Display.Client;
using FbShare.Linux;

namespace FbShare.Cli.Viewer;

/// <summary>Brings frames onto the screen: when the next one is drawn, when the display is told that its picture has been read, and how
/// long each stage took.</summary>
internal sealed class FramePresenter : IDisposable
{
    /// <summary>After this time without being asked for a frame, a window counts as one that nobody sees.</summary>
    private const long UnseenTime = 200_000_000;

    private readonly SdlWindow _window;
    private readonly IWindowPainter _painter;
    private readonly Action<long, long> _presented;
    private readonly LoopTimer _nextFrame;
    private readonly long _framePeriod;
    private RemoteConsole? _console;
    private bool _dirty = true;
    private bool _owesReply;
    private long _flushedAt;
    private long _toldAt;
    private long _flushes;
    private long _notBefore;
    private (int Width, int Height) _drawnSize;
    private FrameTimes _underWay;
    private long _begun;

    /// <param name="presented">Told of each frame that is on the screen: when its drawing began, and when it was there.</param>
    public FramePresenter(EventLoop loop, SdlWindow window, IWindowPainter painter, Action<long, long> presented)
    {
        _window = window;
        _painter = painter;
        _presented = presented;
        painter.Finished = () => Finish(EventLoop.Now);
        _framePeriod = 1_000_000_000L / window.RefreshHz;
        // What a timer brings about is seen in the session's next round.
        _nextFrame = new LoopTimer(loop, () => { });
    }

    /// <summary>Of the frames that were presented.</summary>
    public FrameStages Stages { get; } = new();

    /// <summary>How many frames were presented.</summary>
    public long Frames { get; private set; }

    public void Attach(RemoteConsole console) => _console = console;

    public void Detach()
    {
        _console = null;
        _owesReply = false;
        _toldAt = 0;
        _flushes = 0;
    }

    /// <summary>What the window shows is out of date.</summary>
    public void Redraw() => _dirty = true;

    /// <summary>The display told of a change.</summary>
    /// <returns>Whether it needs no answer later, since nobody sees the window.</returns>
    public bool Update(FlushMark? flush, long now)
    {
        if (!_window.IsVisible)
        {
            return true;
        }
        if (_toldAt == 0)
        {
            _toldAt = now;
            _flushedAt = flush?.At ?? 0;
        }
        _dirty = true;
        _owesReply = true;
        return false;
    }

    /// <summary>How many flips of the guest an update stands for: the display may tell of several together.</summary>
    public long CountFlips(FlushMark? flush)
    {
        long flips = flush?.Count is { } count && _flushes > 0 && count > _flushes ? count - _flushes : 1;
        _flushes = flush?.Count ?? 0;
        return flips;
    }

    /// <summary>Tells the display that its picture has been read.</summary>
    public void Acknowledge()
    {
        if (_owesReply)
        {
            _owesReply = false;
            _console?.Done();
        }
    }

    /// <summary>Whether something changed and the screen is ready for another frame; else a timer sees to it.</summary>
    public bool IsDue(long now)
    {
        if (!_dirty)
        {
            return false;
        }
        if (_painter.IsBusy)
        {
            AnswerIfUnseen(now);
            return false;
        }
        if (!_window.IsVisible)
        {
            Acknowledge();
            return false;
        }
        if (now < _notBefore)
        {
            if (_nextFrame.DueAt is null)
            {
                _nextFrame.SetAt(_notBefore);
            }
            return false;
        }
        // A little less than a period: a display that paces the swaps itself is not to be missed.
        _notBefore = now + (_framePeriod * 9 / 10);
        return true;
    }

    /// <summary>Shows what was drawn.</summary>
    /// <param name="began">When its drawing began.</param>
    /// <param name="size">The window's, as it was drawn for.</param>
    /// <param name="isPassing">Whether something in the frame is to go with the next one.</param>
    public void Present(long began, (int Width, int Height) size, bool isPassing)
    {
        _begun = began;
        _underWay = new FrameTimes(_flushedAt, _toldAt, EventLoop.Now, 0, 0);
        _toldAt = 0;
        Frames++;
        // Drivers see a window's new size with the next frame: what was drawn for it first may lie in a buffer of the old one.
        _dirty = size != _drawnSize || isPassing;
        _drawnSize = size;
        if (_painter.Present(_owesReply, out long presented))
        {
            Finish(presented);
        }
    }

    public void Dispose() => _nextFrame.Dispose();

    /// <summary>A window that nobody sees is not asked for frames, and the display must not wait for one.</summary>
    private void AnswerIfUnseen(long now)
    {
        if (!_owesReply || _painter.IsReading)
        {
            return;
        }
        long until = _toldAt + UnseenTime;
        if (now >= until)
        {
            Acknowledge();
        }
        else
        {
            _nextFrame.SetAt(until);
        }
    }

    private void Finish(long presented)
    {
        // Of a copy too only now: it is made anew for the answer, and would grow old while the window waits for its display.
        Acknowledge();
        if (_underWay.Told != 0)
        {
            Stages.Add(_underWay with { Presented = presented, Acknowledged = EventLoop.Now });
        }
        _presented(_begun, presented);
    }
}
