using FbShare.Capture;
using FbShare.Pictures;
using FbShare.Testing.Screens;

namespace FbShare.Testing.Needles;

/// <summary>The screen matches a needle.</summary>
public sealed class NeedleTarget(Needle needle) : ScreenTarget
{
    /// <summary>What is looked for.</summary>
    public Needle Needle { get; } = needle;

    /// <inheritdoc/>
    public override string ToString() => $"the picture {Needle.Name}";

    internal override TargetWatch Begin(ScreenRegion region, ScreenWait wait) => new Watch(this);

    private sealed class Watch(NeedleTarget target) : TargetWatch(target)
    {
        private FrameLayout _layout;

        public override ScreenFinding? Look(in ScreenFrame frame)
        {
            Picture picture = frame.Picture;
            bool isNew = _layout != picture.Layout || frame.IsCatchUp;
            _layout = picture.Layout;
            if (!isNew && (!frame.LooksDifferent || !target.Needle.IsTouchedBy(frame.Damage, picture.Layout.Bounds)))
            {
                return null;
            }
            NeedleResult result = target.Needle.Match(picture, explain: false);
            return result.IsMatch ? new ScreenFinding(result.Place, result.ClickPoint, result.Similarity) : null;
        }

        public override TargetReport Explain(Picture? actual)
        {
            if (actual is null)
            {
                return new TargetReport(Target, "there is no picture", Expected: target.Needle.Picture);
            }
            NeedleResult result = target.Needle.Match(actual);
            return new TargetReport(
                Target,
                result.Reason,
                result.Areas.Count == 0 ? null : result.Similarity,
                result.Place.IsEmpty ? null : result.Place,
                target.Needle.Picture,
                target.Needle.MarkDifference(actual, result));
        }
    }
}
