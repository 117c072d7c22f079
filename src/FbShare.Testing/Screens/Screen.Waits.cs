using FbShare.Capture;
using FbShare.Display.Client;
using FbShare.Testing.Needles;
using FbShare.Testing.Text;

namespace FbShare.Testing.Screens;

/// <content>What tests call.</content>
public sealed partial class Screen
{
    /// <summary>Takes the frame that is shown now; while there is none, waits for the first.</summary>
    /// <param name="withPointer">Whether to draw the guest's pointer into the picture.</param>
    /// <param name="timeout">How long to wait for a first frame; null: <see cref="WaitOptions.DefaultTimeout"/>.</param>
    /// <param name="cancellation">Ends the wait with an <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="ScreenTimeoutException">No frame came.</exception>
    /// <exception cref="DisplayException">The display is gone, or the picture cannot be read.</exception>
    public async Task<ScreenCapture> CaptureAsync(bool withPointer = false, TimeSpan? timeout = null, CancellationToken cancellation = default)
    {
        var options = new WaitOptions { Timeout = timeout ?? WaitOptions.DefaultTimeout };
        ScreenMatch match = await WaitForAnyAsync([new AnyFrameTarget()], options, cancellation).ConfigureAwait(false);
        if (!withPointer)
        {
            return match.Capture;
        }
        return await _display.OnLoopAsync(() => Console.Cursor is { } cursor
            ? match.Capture with { Picture = match.Capture.Picture.WithCursor(cursor, Console.CursorPosition) }
            : match.Capture).ConfigureAwait(false);
    }

    /// <summary>Waits until the screen has not looked different for a while, counted from now.</summary>
    /// <inheritdoc cref="WaitForAnyAsync"/>
    public Task<ScreenMatch> WaitStillAsync(TimeSpan duration, WaitOptions? options = null, CancellationToken cancellation = default) =>
        WaitForAnyAsync([new StillTarget(duration)], options, cancellation);

    /// <summary>Waits until the screen looks different from now.</summary>
    /// <inheritdoc cref="WaitForAnyAsync"/>
    public Task<ScreenMatch> WaitChangedAsync(WaitOptions? options = null, CancellationToken cancellation = default) =>
        WaitForAnyAsync([new ChangedTarget()], options, cancellation);

    /// <summary>Waits until the screen matches a needle.</summary>
    /// <inheritdoc cref="WaitForAnyAsync"/>
    public Task<ScreenMatch> WaitForAsync(Needle needle, WaitOptions? options = null, CancellationToken cancellation = default) =>
        WaitForAnyAsync([new NeedleTarget(needle)], options, cancellation);

    /// <summary>Waits until the screen says something: a text console exactly, other screens as tesseract reads them, if it is installed.</summary>
    /// <param name="text">On one line, in exactly this spelling.</param>
    /// <param name="options">How long, and where the pictures of a failure go; null: the defaults.</param>
    /// <param name="cancellation">Ends the wait with an <see cref="OperationCanceledException"/>.</param>
    /// <inheritdoc cref="WaitForAnyAsync"/>
    public Task<ScreenMatch> WaitForAsync(string text, WaitOptions? options = null, CancellationToken cancellation = default) =>
        WaitForAnyAsync([new TextTarget(text)], options, cancellation);

    /// <summary>Waits until the screen shows one of several things.</summary>
    /// <param name="targets">The first that comes wins; of those in one frame, the first in this order.</param>
    /// <param name="options">How long, and where the pictures of a failure go; null: the defaults.</param>
    /// <param name="cancellation">Ends the wait with an <see cref="OperationCanceledException"/>.</param>
    /// <returns>Which one, where, and the frame that showed it.</returns>
    /// <exception cref="ScreenTimeoutException">None came in time. It has pictures of what was there instead, and has written them to files.</exception>
    /// <exception cref="DisplayException">The display is gone, or the picture cannot be read.</exception>
    public async Task<ScreenMatch> WaitForAnyAsync(IReadOnlyList<ScreenTarget> targets, WaitOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfZero(targets.Count, nameof(targets));
        options ??= new WaitOptions();
        ScreenWait wait = await _display.OnLoopAsync(() =>
        {
            var begun = new ScreenWait(this, targets, options);
            Add(begun);
            return begun;
        }).ConfigureAwait(false);
        WaitEnd end;
        try
        {
            using CancellationTokenRegistration registration = cancellation.Register(() => wait.Cancel(cancellation));
            end = await wait.End.ConfigureAwait(false);
        }
        finally
        {
            await _display.TryOnLoopAsync(() =>
            {
                Remove(wait);
                wait.Dispose();
            }).ConfigureAwait(false);
        }
        return end.Match ?? throw await Task.Run(() => ScreenTimeoutException.Make(this, end, options), CancellationToken.None).ConfigureAwait(false);
    }

    /// <summary>Any picture at all.</summary>
    private sealed class AnyFrameTarget : ScreenTarget
    {
        public override string ToString() => "a picture";

        internal override TargetWatch Begin(ScreenRegion region, ScreenWait wait) => new Watch(this);

        private sealed class Watch(AnyFrameTarget target) : TargetWatch(target)
        {
            public override ScreenFinding? Look(in ScreenFrame frame) => ScreenFinding.Everywhere;

            public override TargetReport Explain(Picture? actual) => new(Target, "there is no picture: is the guest up?");
        }
    }
}
