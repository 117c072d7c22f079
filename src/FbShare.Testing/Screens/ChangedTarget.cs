using FbShare.Capture;
using FbShare.Pictures;

namespace FbShare.Testing.Screens;

/// <summary>The screen looks different from when the wait began.</summary>
public sealed class ChangedTarget : ScreenTarget
{
    /// <inheritdoc/>
    public override string ToString() => "a change";

    internal override TargetWatch Begin(ScreenRegion region, ScreenWait wait) => new Watch(this, region);

    private sealed class Watch(ChangedTarget target, ScreenRegion region) : TargetWatch(target)
    {
        private List<Rect>? _parts;
        private FrameLayout _layout;

        public override ScreenFinding? Look(in ScreenFrame frame)
        {
            FrameLayout before = _layout;
            bool isFirst = _parts is null;
            _layout = frame.Picture.Layout;
            if (_layout != before)
            {
                _parts = region.Within(_layout.Bounds);
            }
            return !isFirst && ((_layout.Width, _layout.Height) != (before.Width, before.Height) || frame.ChangedIn(_parts!)) ? ScreenFinding.Everywhere : null;
        }

        public override TargetReport Explain(Picture? actual) =>
            new(Target, actual is null ? "there is no picture" : $"{region} stayed as it was");
    }
}
