using FbShare.Capture;
using FbShare.Linux;
using FbShare.Pictures;

namespace FbShare.Testing.Screens;

/// <summary>The screen has not looked different for a while.</summary>
/// <param name="duration">How long.</param>
public sealed class StillTarget(TimeSpan duration) : ScreenTarget
{
    /// <inheritdoc/>
    public override string ToString() => $"a screen that is still for {duration.TotalSeconds:0.###} s";

    internal override TargetWatch Begin(ScreenRegion region, ScreenWait wait) => new Watch(this, duration, region, wait);

    private sealed class Watch : TargetWatch
    {
        private readonly TimeSpan _duration;
        private readonly ScreenRegion _region;
        private readonly LoopTimer _timer;
        private List<Rect> _parts = [];
        private (int Width, int Height) _size;
        private int _changes;

        public Watch(StillTarget target, TimeSpan duration, ScreenRegion region, ScreenWait wait)
            : base(target)
        {
            _duration = duration;
            _region = region;
            _timer = new LoopTimer(wait.Loop, () => wait.Found(this, ScreenFinding.Everywhere));
        }

        public override ScreenFinding? Look(in ScreenFrame frame)
        {
            bool isNew = Resize(frame.Picture);
            if (isNew || frame.ChangedIn(_parts))
            {
                _changes++;
                _timer.SetAfter(_duration);
            }
            return null;
        }

        public override void Off()
        {
            _timer.Cancel();
            _size = default;
        }

        public override TargetReport Explain(Picture? actual) => new(Target, actual is null
            ? "there is no picture"
            : $"{_region} changed {(_changes == 1 ? "once" : $"{_changes} times")} and never stood still for so long (an area with a clock or a blinking cursor can be excluded)");

        public override void Dispose()
        {
            _timer.Dispose();
            base.Dispose();
        }

        private bool Resize(Picture picture)
        {
            if (_size == (picture.Width, picture.Height))
            {
                return false;
            }
            _size = (picture.Width, picture.Height);
            _parts = _region.Within(picture.Layout.Bounds);
            return true;
        }
    }
}
