using System.CommandLine;
using FbShare.Testing.Recording;
using FbShare.Testing.Screens;

namespace FbShare.Cli;

/// <summary><c>fbshare record</c>: what an output shows, as a video or as numbered pictures.</summary>
internal sealed class RecordCommand : ScreenCommand
{
    private const int DefaultRate = 30;

    private static readonly TimeSpan ProgressInterval = TimeSpan.FromSeconds(1);

    private readonly Option<string> _file = new("-o", "--to")
    {
        Description = "Record to this file. The ending gives the kind: .y4m or numbered pictures (frames/%06d.png) by itself, .mkv, .webm, .mp4 and others with ffmpeg.",
        HelpName = "FILE",
        Required = true,
    };
    private readonly Option<int?> _rate = NumberOption.Optional("--fps", 1, 240, $"Pictures a second (default: {DefaultRate}).");
    private readonly Option<bool> _everyFlush = new("--every-flush") { Description = "A picture for every flush of the guest, with its time, instead of an even rate." };
    private readonly Option<TimeSpan?> _duration = new("--duration")
    {
        Description = "End after this long (default: at Ctrl-C or SIGTERM, which complete the file).",
        HelpName = "TIME",
        CustomParser = r => DisplayArguments.ParseDuration(r, "--duration"),
    };

    public RecordCommand()
        : base(
            "record",
            "Records what a running display shows.",
            takesDisplayWord: true,
            "fbshare record debian -o boot.mkv --duration 60s",
            "fbshare record debian -o screen.y4m --every-flush",
            "fbshare record debian -o frames/%06d.png --fps 5")
    {
        foreach (Option option in (ReadOnlySpan<Option>)[_file, _rate, _everyFlush, _duration])
        {
            Add(option);
        }
    }

    public override string? FindContradiction(ParseResult arguments) =>
        arguments.GetValue(_everyFlush) && arguments.GetValue(_rate) is not null ? "--fps and --every-flush contradict each other: give one of them" : base.FindContradiction(arguments);

    protected override bool EndsBySelf => true;

    protected override ScreenAction Prepare(ParseResult arguments, Log log)
    {
        string file = arguments.GetValue(_file)!;
        var options = new RecordingOptions { FramesPerSecond = arguments.GetValue(_everyFlush) ? null : arguments.GetValue(_rate) ?? DefaultRate };
        TimeSpan? duration = arguments.GetValue(_duration);
        return async (screen, stop) =>
        {
            try
            {
                ScreenRecorder recorder = await screen.RecordAsync(file, options).ConfigureAwait(false);
                RecordingSummary summary;
                await using (recorder.ConfigureAwait(false))
                {
                    await Wait(recorder, duration, stop).ConfigureAwait(false);
                    summary = await recorder.StopAsync().ConfigureAwait(false);
                }
                return Report(file, summary, recorder.Loss, log);
            }
            catch (RecordingException e)
            {
                throw new CliException(e.LacksProgram ? ExitCodes.Unfit : ExitCodes.Failure, e.Message, e);
            }
        };
    }

    /// <summary>Until it ends by itself, its time is over, or a signal comes; says meanwhile how far it is.</summary>
    private static async Task Wait(ScreenRecorder recorder, TimeSpan? duration, CancellationToken stop)
    {
        using var progress = new ProgressLine();
        Task end = duration is { } length ? Task.Delay(length, stop) : Task.Delay(Timeout.Infinite, stop);
        while (!end.IsCompleted && !recorder.Completion.IsCompleted)
        {
            await Task.WhenAny(end, recorder.Completion, progress.IsShown ? Task.Delay(ProgressInterval, stop) : end).ConfigureAwait(false);
            RecordingSummary now = recorder.Progress;
            progress.Show($"recording: {now.Length.TotalSeconds:0} s, {now.Frames} frames, {now.Dropped} dropped");
        }
    }

    private static ScreenResult Report(string file, RecordingSummary summary, Exception? loss, Log log)
    {
        log.Info($"{file}: {summary.Frames} frames of {summary.Width}x{summary.Height} in {summary.Length.TotalSeconds:0.0} s, {summary.Dropped} dropped");
        if (summary.Frames == 0)
        {
            throw new CliException(ExitCodes.Failure, $"nothing was recorded: {(loss is null ? "the output showed nothing" : loss.Message)}");
        }
        if (summary.OtherSizes > 0)
        {
            log.Warn($"{summary.OtherSizes} frames had another size than the first, and a video has one: they are cut off, or have black around them (frames/%06d.png keeps every size)");
        }
        if (loss is not null)
        {
            log.Warn($"the recording ended before it was asked to: {loss.Message}");
        }
        return new ScreenResult(json =>
        {
            json.WriteString("file", file);
            json.WriteNumber("frames", summary.Frames);
            json.WriteNumber("dropped", summary.Dropped);
            json.WriteNumber("seconds", Math.Round(summary.Length.TotalSeconds, 3));
            json.WriteNumber("width", summary.Width);
            json.WriteNumber("height", summary.Height);
        });
    }
}
