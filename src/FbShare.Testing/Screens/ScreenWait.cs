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
        _timer = new LoopTimer(screen.Display.Loop, () => Finish(null, null));
        foreach (ScreenTarget target in targets)
        {
            _watches.Add(target.Begin(options.Region, this));
        }
        _timer.SetAfter(options.Timeout);
    }

    public EventLoop Loop => _screen.Display.Loop;

    public Task<WaitEnd> End => _end.Task;

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
    public void Found(TargetWatch watch, ScreenFinding finding)
    {
        if (!_end.Task.IsCompleted && _screen.Shown is { } picture)
        {
            Finish(new ScreenMatch(watch.Target, finding.Area, finding.ClickPoint, finding.Similarity, Waited, new ScreenCapture(picture.Clone(), _screen.LastFrame)), picture);
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

    private void Finish(ScreenMatch? match, Picture? shown)
    {
        if (_end.Task.IsCompleted)
        {
            return;
        }
        _timer.Cancel();
        if (match is not null)
        {
            _end.TrySetResult(new WaitEnd(match, null, default, null, []));
            return;
        }
        shown = _screen.Shown;
        long now = EventLoop.Now;
        var state = ScreenState.Of(shown, _screen.LastChange is { } change ? TimeSpan.FromTicks((now - change) / TimeSpan.NanosecondsPerTick) : null, _rate.PerSecond(now));
        _end.TrySetResult(new WaitEnd(null, shown is null ? null : new ScreenCapture(shown.Clone(), _screen.LastFrame), state, _screen.Obstacle, _watches));
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
