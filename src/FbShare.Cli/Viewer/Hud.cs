using FbShare.Pictures;
using SkiaSharp;

namespace FbShare.Cli.Viewer;

/// <summary>The figures over the picture: path and why, rates, the stages of the last frames with a graph, the hot keys.</summary>
internal sealed class Hud : IDisposable
{
    private const int Width = 520;
    private const int Height = 470;
    private const int Margin = 12;
    private const int GraphHeight = 60;

    /// <summary>The graph's top, in nanoseconds: two frames at 60 Hz.</summary>
    private const double GraphTop = 33_333_333;

    private static readonly SKColor Ground = new(0, 0, 0, 199);
    private static readonly SKColor Plain = new(235, 235, 235);
    private static readonly SKColor Faint = new(166, 166, 166);
    private static readonly SKColor FlushedToTold = new(191, 115, 230);
    private static readonly SKColor ToldToDrawn = new(89, 166, 255);
    private static readonly SKColor DrawnToPresented = new(102, 217, 102);
    private static readonly SKColor ToldToAcknowledged = new(255, 178, 64);

    private readonly TextCanvas _canvas = new(Width, Height);
    private readonly FrameStages _stages;
    private double _y;

    /// <param name="stages">Of the frames that were shown; stays the caller's.</param>
    public Hud(FrameStages stages) => _stages = stages;

    public Rate Flips { get; } = new();

    public Rate Frames { get; } = new();

    public Rate Bytes { get; } = new();

    /// <summary>When <see cref="Write"/> was last called, in nanoseconds.</summary>
    public long WrittenAt { get; private set; }

    /// <summary>Writes the figures anew.</summary>
    /// <param name="head">The output in a line.</param>
    /// <param name="drawn">What draws the window, in words.</param>
    public void Write(long now, string head, string drawn, ShownPath path, HotKeys keys)
    {
        WrittenAt = now;
        TextCanvas canvas = _canvas;
        canvas.Clear(Ground);
        _y = Margin;
        canvas.SetFont(15, bold: true);
        Line(canvas, head, Plain, 20);
        canvas.SetFont(13, bold: true);
        Line(canvas, $"path: {path.Path}", Plain, 19);
        canvas.SetFont(12);
        Wrapped(canvas, path.Reason, Plain);
        if (path.Cure.Length > 0)
        {
            Wrapped(canvas, $"to improve: {path.Cure}", Faint);
        }
        Wrapped(canvas, $"window: {drawn}", Faint);
        _y += 4;
        canvas.SetFont(13);
        Line(canvas, $"guest  {Flips.PerSecond(now),4} flips/s     window {Frames.PerSecond(now),4} frames/s", Plain, 18);
        Line(canvas, $"copied {Bytes.PerSecond(now) / 1e6,6:0.0} MB/s", Plain, 22);
        canvas.Write(Margin + 18, _y + 13, $"{"",-20} median 99/100   most", Faint);
        _y += 18;
        if (_stages.Count > 0 && _stages[0].Flushed != 0)
        {
            Stage(canvas, "flush \u2192 told", FlushedToTold, f => f.Flushed == 0 ? 0 : f.Told - f.Flushed);
        }
        Stage(canvas, "told \u2192 drawn", ToldToDrawn, f => f.Drawn - f.Told);
        Stage(canvas, "drawn \u2192 presented", DrawnToPresented, f => f.Presented - f.Drawn);
        Stage(canvas, "told \u2192 acknowledged", ToldToAcknowledged, f => f.Acknowledged - f.Told);
        canvas.SetFont(11);
        Wrapped(canvas, "flush: the guest's; told: this window is; presented: the screen has it; acknowledged: the guest may draw there again", Faint);
        Graph(canvas);
        Wrapped(canvas, string.Join("   ", keys.Keys.Select(k => $"{k.Value} {HotKeys.NameOf(k.Key)}")), Faint);
        canvas.Erase(_y + Margin);
        canvas.Image.Changed();
    }

    /// <summary>What was written, and where it lies in the window.</summary>
    public Layer Layer => new(_canvas.Image, new Rect(Margin, Margin, Width, Height));

    public void Dispose() => _canvas.Dispose();

    private void Line(TextCanvas canvas, string text, SKColor color, double height)
    {
        canvas.Write(Margin, _y + height - 5, text, color);
        _y += height;
    }

    private void Wrapped(TextCanvas canvas, string text, SKColor color)
    {
        foreach (string line in canvas.Wrap(text, Width - (2 * Margin)))
        {
            Line(canvas, line, color, 15);
        }
    }

    private void Stage(TextCanvas canvas, string name, SKColor color, Func<FrameTimes, long> length)
    {
        (long median, long within99, long most) = _stages.Measure(length);
        canvas.Fill(Margin, _y + 3, 10, 10, color);
        canvas.Write(Margin + 18, _y + 13, $"{name,-20} {median / 1e6,6:0.00} {within99 / 1e6,6:0.00} {most / 1e6,6:0.00} ms", Plain);
        _y += 18;
    }

    /// <summary>A column for each frame, the last at the right; what takes longer than two frames at 60 Hz is cut off.</summary>
    private void Graph(TextCanvas canvas)
    {
        const double Step = (double)(Width - (2 * Margin)) / FrameStages.Recent;
        _y += 6;
        canvas.Fill(Margin, _y, Width - (2 * Margin), GraphHeight, new SKColor(255, 255, 255, 15));
        canvas.Fill(Margin, _y + (GraphHeight / 2.0), Width - (2 * Margin), 1, new SKColor(255, 255, 255, 76));
        double bottom = _y + GraphHeight;
        for (int age = 0; age < _stages.RecentCount; age++)
        {
            FrameTimes frame = _stages[age];
            double x = Width - Margin - ((age + 1) * Step);
            double told = frame.Flushed == 0 ? 0 : Math.Min(GraphHeight, (frame.Told - frame.Flushed) / GraphTop * GraphHeight);
            double drawn = Math.Min(GraphHeight - told, (frame.Drawn - frame.Told) / GraphTop * GraphHeight);
            double presented = Math.Min(GraphHeight - told - drawn, (frame.Presented - frame.Drawn) / GraphTop * GraphHeight);
            double acknowledged = Math.Min(GraphHeight - 2, (frame.Acknowledged - frame.Told) / GraphTop * GraphHeight);
            canvas.Fill(x, bottom - told, Step - 1, told, FlushedToTold);
            canvas.Fill(x, bottom - told - drawn, Step - 1, drawn, ToldToDrawn);
            canvas.Fill(x, bottom - told - drawn - presented, Step - 1, presented, DrawnToPresented);
            canvas.Fill(x, bottom - Math.Min(told + acknowledged, GraphHeight - 2) - 2, Step - 1, 2, ToldToAcknowledged);
        }
        _y += GraphHeight + 8;
    }
}
