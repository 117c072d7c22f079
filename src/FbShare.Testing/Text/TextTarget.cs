using FbShare.Capture;
using FbShare.Pictures;
using FbShare.Testing.Screens;

namespace FbShare.Testing.Text;

/// <summary>The screen says something.</summary>
/// <remarks>Consoles are read frame by frame. Other screens are read by tesseract beside the display's thread, one picture at a time: of
/// what changes in the meantime only the last is read.</remarks>
/// <param name="text">On one line, in exactly this spelling.</param>
public sealed class TextTarget(string text) : ScreenTarget
{
    /// <summary>What is looked for, in exactly this spelling.</summary>
    public string Text { get; } = text;

    /// <inheritdoc/>
    public override string ToString() => $"the text '{Text}'";

    internal override TargetWatch Begin(ScreenRegion region, ScreenWait wait) => new Watch(this, region, wait);

    private sealed class Watch(TextTarget target, ScreenRegion region, ScreenWait wait) : TargetWatch(target)
    {
        /// <summary>How many of the last lines a failure quotes.</summary>
        private const int QuotedLines = 3;

        private FrameLayout _layout;
        private bool _isReading;
        private bool _isBehind;
        private bool _cannotRead;
        private bool _isOver;

        public override ScreenFinding? Look(in ScreenFrame frame)
        {
            Picture picture = frame.Picture;
            bool isNew = frame.IsCatchUp || _layout != picture.Layout;
            _layout = picture.Layout;
            if (!isNew && (!frame.LooksDifferent || (region.Area is { } area && frame.Damage.Intersect(area).IsEmpty)))
            {
                return null;
            }
            if (ScreenReader.TryReadConsole(picture, region.Area) is { } console)
            {
                return console.Find(target.Text) is { } box ? Finding(box) : null;
            }
            ReadBeside(picture, frame.Stamp);
            return null;
        }

        public override TargetReport Explain(Picture? actual)
        {
            if (actual is null)
            {
                return new TargetReport(Target, "there is no picture");
            }
            try
            {
                TextLine[] lines = [.. ScreenReader.Read(actual, region.Area).Lines.Where(l => l.Text.Length > 0).TakeLast(QuotedLines)];
                return new TargetReport(Target, lines.Length == 0
                    ? "no text is to be seen"
                    : $"the screen's last lines are {string.Join(", ", lines.Select(l => $"'{l.Text.Trim()}'"))}");
            }
            catch (TextException e)
            {
                return new TargetReport(Target, e.Message);
            }
        }

        public override void Dispose()
        {
            _isOver = true;
            base.Dispose();
        }

        private static ScreenFinding Finding(Rect box) => new(box, (box.X + (box.Width / 2), box.Y + (box.Height / 2)), 1);

        private void ReadBeside(Picture picture, FrameStamp stamp)
        {
            if (_isReading || _cannotRead)
            {
                _isBehind = true;
                return;
            }
            _isReading = true;
            _isBehind = false;
            var capture = new ScreenCapture(picture.Clone(), stamp);
            _ = Task.Run(() =>
            {
                Rect? box = null;
                bool failed = false;
                try
                {
                    box = ScreenReader.Read(capture.Picture, region.Area).Find(target.Text);
                }
                catch (Exception e) when (e is TextException or CaptureException)
                {
                    // Told when the time is out: a console may come yet.
                    failed = true;
                }
                wait.Loop.Post(() => Took(capture, box, failed));
            });
        }

        private void Took(ScreenCapture capture, Rect? box, bool failed)
        {
            _isReading = false;
            _cannotRead = failed;
            if (_isOver)
            {
                return;
            }
            if (box is { } there)
            {
                wait.Found(this, Finding(there), capture);
            }
            else if (_isBehind && wait.Shown is { } now)
            {
                ReadBeside(now, wait.LastFrame);
            }
        }
    }
}
