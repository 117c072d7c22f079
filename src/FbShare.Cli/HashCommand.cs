using System.CommandLine;
using System.CommandLine.Parsing;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;
using FbShare.Capture;
using FbShare.Display.Client;
using FbShare.Linux;
using FbShare.Testing.Screens;

namespace FbShare.Cli;

/// <summary><c>fbshare hash</c>: a line for the frame that a display shows, or for every frame that comes.</summary>
internal sealed class HashCommand : CliCommand
{
    private readonly DisplayChoice _display = new(takesWord: true);
    private readonly Option<uint?> _output = DisplayArguments.Output();
    private readonly Option<bool> _every = new("--every-flush") { Description = "Go on with a line for every frame that the guest shows, until --count or Ctrl-C." };
    private readonly Option<long?> _count = NumberOption.Optional("--count", 1L, long.MaxValue, "With --every-flush: end after this many frames.");
    private readonly Option<TimeSpan?> _timeout = new("--timeout")
    {
        Description = "Give up after this long without a frame, with exit status 3 (default: 30s; none with --every-flush).",
        HelpName = "TIME",
        CustomParser = r => DisplayArguments.ParseDuration(r, "--timeout"),
    };
    private readonly Option<bool> _json = new("--json") { Description = "Print a JSON object a line." };

    public HashCommand()
        : base(
            "hash",
            "Prints a line for a frame: its number, time, output, size, format, and the XXH3 of its pixels as bytes B, G, R, 255, so that equal pictures have equal sums whatever their format.",
            "fbshare hash",
            "fbshare hash debian --every-flush --count 600")
    {
        _display.AddTo(this);
        foreach (Option option in (ReadOnlySpan<Option>)[_output, _every, _count, _timeout, _json])
        {
            Add(option);
        }
    }

    public override string? FindContradiction(ParseResult arguments) =>
        arguments.GetValue(_count) is not null && !arguments.GetValue(_every) ? "--count has no effect without --every-flush" : _display.FindContradiction(arguments);

    protected override int Run(ParseResult arguments, Log log)
    {
        using var stop = new CancellationTokenSource();
        using var signals = new StopSignals(_ => stop.Cancel());
        using GuestDisplay display = DisplayArguments.Open(_display.Read(arguments), log);
        uint output = arguments.GetValue(_output) ?? 0;
        Screen screen = DisplayArguments.ScreenOf(display, output);
        bool asJson = arguments.GetValue(_json);
        bool every = arguments.GetValue(_every);
        try
        {
            if (!every)
            {
                ScreenCapture capture = DisplayArguments.Ask(() => screen.CaptureAsync(timeout: arguments.GetValue(_timeout), cancellation: stop.Token));
                Console.Out.WriteLine(Line(capture.Picture, capture.Stamp, output, asJson));
                return ExitCodes.Success;
            }
            var printer = new Printer(screen, arguments.GetValue(_timeout), arguments.GetValue(_count) ?? long.MaxValue, (picture, stamp) => Line(picture, stamp, output, asJson));
            DisplayArguments.Ask(() => printer.RunAsync(stop.Token));
            if (printer.Missed > 0)
            {
                log.FlushesMissed(printer.Missed);
            }
            return ExitCodes.Success;
        }
        catch (OperationCanceledException)
        {
            return signals.ExitCode ?? ExitCodes.Interrupted;
        }
    }

    private static string Line(Picture picture, FrameStamp stamp, uint output, bool asJson)
    {
        long sequence = stamp.Flush ?? stamp.Sequence;
        double seconds = stamp.At / 1e9;
        string hash = picture.ComputeFastHash().ToString("x16", CultureInfo.InvariantCulture);
        return asJson
            ? JsonSerializer.Serialize(new HashReport(sequence, seconds, output, picture.Width, picture.Height, picture.Format.ToString(), hash), ScreenJson.Default.HashReport)
            : $"{sequence} {seconds:0.000000} {output} {picture.Width}x{picture.Height} {picture.Format} {hash}";
    }

    /// <summary>Prints a line for every frame, while the guest waits for it to be read.</summary>
    private sealed class Printer(Screen screen, TimeSpan? patience, long count, Func<Picture, FrameStamp, string> line) : IScreenObserver
    {
        private readonly TaskCompletionSource<bool> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private Timer? _patience;
        private FrameStamp? _last;
        private long _printed;

        /// <summary>Flushes between those that were printed.</summary>
        public long Missed { get; private set; }

        public async Task<bool> RunAsync(CancellationToken stop)
        {
            await using CancellationTokenRegistration registration = stop.Register(() => _done.TrySetCanceled(stop));
            await using var timer = new Timer(_ => GiveUp());
            _patience = timer;
            AwaitNext();
            await screen.AddObserverAsync(this);
            try
            {
                return await _done.Task;
            }
            finally
            {
                await screen.RemoveObserverAsync(this);
            }
        }

        public void Frame(in ScreenFrame frame)
        {
            if (_done.Task.IsCompleted)
            {
                return;
            }
            FrameStamp stamp = frame.Stamp;
            Missed += Math.Max(stamp.Flush - _last?.Flush - 1 ?? 0, 0);
            _last = stamp;
            Console.Out.WriteLine(line(frame.Picture, stamp));
            if (++_printed == count)
            {
                _done.TrySetResult(true);
            }
            else
            {
                AwaitNext();
            }
        }

        public void Off()
        {
        }

        public void Lost(Exception why) => _done.TrySetException(why);

        private void AwaitNext()
        {
            if (patience is { } time)
            {
                _patience!.Change(time, Timeout.InfiniteTimeSpan);
            }
        }

        private void GiveUp() =>
            _done.TrySetException(new CliException(ExitCodes.Timeout, $"output {screen.Output} showed no frame for {patience?.TotalSeconds:0.###} s (--timeout waits longer)"));
    }
}
