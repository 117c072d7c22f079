using FbShare.Capture;
using FbShare.Linux;

namespace FbShare.Testing.Screens;

/// <summary>A wait in progress: the first target that comes ends it, or the time does. Lives on the display's thread.</summary>
internal sealed class ScreenWait : IScreenObserver, IDisposable
{
    private readonly Screen _screen;
    private readonly long _begun = EventLoop.Now;
    private readonly TaskCompletionSource<WaitEnd> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<TargetWatch> _watches = [];
    private readonly LoopTimer _timer;
    private readonly FrameRate _rate = new();

    public ScreenWait(Screen screen, IEnumerable<ScreenTarget> targets, WaitOptions options)
    {
        _screen = screen;
        _timer = new LoopTimer(screen.Display.Loop, GiveUp);
        foreach (ScreenTarget target in targets)
        {
            _watches.Add(target.Begin(options.Region, this));
        }
        _timer.SetAfter(options.Timeout);
    }

    public EventLoop Loop => _screen.Display.Loop;

    public Task<WaitEnd> End => _end.Task;

    /// <summary>The present picture; null while there is none.</summary>
    public Picture? Shown => _screen.Shown;

    /// <summary>Which frame that is.</summary>
    public FrameStamp LastFrame => _screen.LastFrame;

    public void Frame(in ScreenFrame frame)
    {
        if (frame.LooksDifferent)
        {
            _rate.Add(EventLoop.Now);
        }
        foreach (TargetWatch watch in _watches)
        {
            if (_end.Task.IsCompleted)
            {
                return;
            }
            if (watch.Look(frame) is { } finding)
            {
                Found(watch, finding);
            }
        }
    }

    public void Off() => _watches.ForEach(watch => watch.Off());

    public void Lost(Exception why) => _end.TrySetException(why);

    /// <summary>A target has come.</summary>
    /// <param name="seen">The frame that shows it; null: the present one.</param>
    public void Found(TargetWatch watch, ScreenFinding finding, ScreenCapture? seen = null)
    {
        if (!_end.Task.IsCompleted && (seen ?? Capture()) is { } capture)
        {
            _timer.Cancel();
            var match = new ScreenMatch(watch.Target, finding.Area, finding.ClickPoint, finding.Similarity, Waited, capture);
            _end.TrySetResult(new WaitEnd(match, null, null, null, []));
        }
    }

    /// <summary>Somebody does not want to wait any longer.</summary>
    public void Cancel(CancellationToken cancellation) => _end.TrySetCanceled(cancellation);

    public void Dispose()
    {
        _timer.Dispose();
        _watches.ForEach(watch => watch.Dispose());
    }

    private TimeSpan Waited => TimeSpan.FromTicks((EventLoop.Now - _begun) / TimeSpan.NanosecondsPerTick);

    private ScreenCapture? Capture() => Shown is { } picture ? new ScreenCapture(picture.Clone(), LastFrame) : null;

    private void GiveUp()
    {
        if (_end.Task.IsCompleted)
        {
            return;
        }
        long now = EventLoop.Now;
        TimeSpan? sinceChange = _screen.LastChange is { } change ? TimeSpan.FromTicks((now - change) / TimeSpan.NanosecondsPerTick) : null;
        _end.TrySetResult(new WaitEnd(null, Capture(), ScreenState.Of(Shown, sinceChange, _rate.PerSecond(now)), _screen.Obstacle, _watches));
    }
}

/// <summary>How a wait ended: with a match, or with what was there instead.</summary>
/// <param name="Match">Null if the time ran out.</param>
/// <param name="Actual">What was shown then; null if nothing.</param>
/// <param name="State">In what state the screen was.</param>
/// <param name="Obstacle">Why it could not be read.</param>
/// <param name="Watches">What was waited for, to explain it.</param>
internal sealed record WaitEnd(ScreenMatch? Match, ScreenCapture? Actual, ScreenState? State, string? Obstacle, IReadOnlyList<TargetWatch> Watches);

/// <summary>A target that came.</summary>
/// <param name="Target">The first of those waited for.</param>
/// <param name="Area">Where the screen shows it; null where it has no place.</param>
/// <param name="ClickPoint">Where to click it: the needle's own point, or else the middle.</param>
/// <param name="Similarity">How alike it was, from 0 to 1.</param>
/// <param name="Waited">How long it took.</param>
/// <param name="Capture">The frame that showed it.</param>
public sealed record ScreenMatch(
    ScreenTarget Target, Pictures.Rect? Area, (int X, int Y)? ClickPoint, double Similarity, TimeSpan Waited, ScreenCapture Capture);
