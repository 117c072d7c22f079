using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.Json;
using FbShare.Capture;
using FbShare.Display.Client;
using FbShare.Pictures;
using FbShare.Testing.Needles;
using FbShare.Testing.Screens;
using FbShare.Testing.Text;

namespace FbShare.Cli;

/// <summary><c>fbshare wait</c>: until a screen shows what it should.</summary>
internal sealed class WaitCommand : CliCommand
{
    private readonly DisplayChoice _display = new(takesWord: true);
    private readonly Option<uint?> _output = DisplayArguments.Output();
    private readonly Option<TimeSpan?> _still = new("--still")
    {
        Description = "Wait until the screen has not looked different for this long (1s, 250ms).",
        HelpName = "TIME",
        CustomParser = r => DisplayArguments.ParseDuration(r, "--still"),
    };
    private readonly Option<bool> _changed = new("--changed") { Description = "Wait until the screen looks different from now." };
    private readonly Option<string[]> _match = new("--match")
    {
        Description = $"Wait until the screen matches this: {NeedleArguments.Kinds}. May be given several times.",
        HelpName = "NEEDLE",
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = true,
        DefaultValueFactory = _ => [],
    };
    private readonly Option<string[]> _text = new("--text")
    {
        Description = "Wait until the screen says this on one line: a text console is read exactly, by its font, and other screens with tesseract, if it is installed. May be given several times.",
        HelpName = "TEXT",
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = true,
        DefaultValueFactory = _ => [],
    };
    private readonly NeedleArguments _how = new();
    private readonly Option<Rect?> _area = AreaOption.Optional("--area", "Look only at this part of the screen; of a picture for --match, compare only this part.");
    private readonly Option<Rect[]> _exclude = AreaOption.Several("--exclude", "Do not look at this part, such as a clock or a cursor that blinks. May be given several times.");
    private readonly Option<TimeSpan?> _timeout = new("--timeout")
    {
        Description = "Give up after this long, with exit status 3 (default: 30s).",
        HelpName = "TIME",
        CustomParser = r => DisplayArguments.ParseDuration(r, "--timeout"),
    };
    private readonly Option<string?> _file = new("-o", "--to")
    {
        Description = PictureArguments.Describe("Write the frame that showed it here; after a time-out, write NAME.actual.png, NAME.expected.png and NAME.diff.png"),
        HelpName = "FILE",
    };
    private readonly Option<bool> _json = new("--json") { Description = "Print the result as JSON." };

    public WaitCommand()
        : base(
            "wait",
            "Waits until a screen shows one of several things; the first that comes is printed. Nothing runs while the screen does not change.",
            "fbshare wait --still 1s -o screen.png",
            "fbshare wait debian --match desktop.png error.png --timeout 2m -o out.png",
            "fbshare wait debian --text 'login:' --timeout 60s",
            "# still, but for the clock in the corner:",
            "fbshare wait --display qmp:/tmp/qmp.sock --still 2s --exclude 1180,0,100x24")
    {
        _display.AddTo(this);
        foreach (Option option in (ReadOnlySpan<Option>)[_output, _still, _changed, _match, _text, _area, _exclude, _timeout, _file, _json])
        {
            Add(option);
        }
        _how.AddTo(this);
    }

    public override string? FindContradiction(ParseResult arguments) =>
        arguments.GetValue(_still) is null && !arguments.GetValue(_changed) && arguments.GetValue(_match)!.Length == 0 && arguments.GetValue(_text)!.Length == 0
            ? "give --still, --changed, --match or --text, to say what to wait for"
            : Array.Exists(arguments.GetValue(_text)!, string.IsNullOrWhiteSpace) ? "--text: give some text"
            : arguments.GetValue(_file) is { } file && !PictureFormats.TryOf(file, out _) ? $"-o {file}: name the file {PictureFormats.Endings}"
            : _display.FindContradiction(arguments) ?? _how.FindContradiction(arguments, arguments.GetValue(_match)!);

    protected override int Run(ParseResult arguments, Log log)
    {
        using var stop = new CancellationTokenSource();
        using var signals = new StopSignals(_ => stop.Cancel());
        var region = new ScreenRegion(arguments.GetValue(_area), arguments.GetValue(_exclude)!);
        string? file = arguments.GetValue(_file);
        var options = new WaitOptions
        {
            Region = region,
            Timeout = arguments.GetValue(_timeout) ?? WaitOptions.DefaultTimeout,
            WritesFailureFiles = file is not null,
            FailureFiles = file,
        };
        List<ScreenTarget> targets = Targets(arguments, region);
        using GuestDisplay display = DisplayArguments.Open(_display.Read(arguments), log);
        Screen screen = DisplayArguments.ScreenOf(display, arguments.GetValue(_output) ?? 0);
        bool prints = arguments.GetValue(_json);
        try
        {
            ScreenMatch match = DisplayArguments.Ask(() => screen.WaitForAnyAsync(targets, options, stop.Token));
            if (file is not null)
            {
                match.Capture.Save(file);
            }
            Console.Out.WriteLine(prints ? ToJson(match) : Describe(match));
            return ExitCodes.Success;
        }
        catch (OperationCanceledException)
        {
            return signals.ExitCode ?? ExitCodes.Interrupted;
        }
        catch (CliException e) when (prints && e.InnerException is ScreenTimeoutException late)
        {
            Console.Out.WriteLine(JsonSerializer.Serialize(
                new WaitReport(null, options.Timeout.TotalSeconds, Failure: WaitFailureReport.Of(late.Report)), ScreenJson.Default.WaitReport));
            throw;
        }
    }

    private List<ScreenTarget> Targets(ParseResult arguments, ScreenRegion region)
    {
        var targets = new List<ScreenTarget>();
        foreach (string needle in arguments.GetValue(_match)!)
        {
            // A needle of os-autoinst has areas of its own.
            IReadOnlyList<Rect> areas = region.Area is { } area && !Needle.IsOsAutoinst(needle) ? [area] : [];
            targets.Add(new NeedleTarget(_how.Load(arguments, needle, areas, region.Excluded)));
        }
        targets.AddRange(arguments.GetValue(_text)!.Select(text => new TextTarget(text)));
        if (arguments.GetValue(_changed))
        {
            targets.Add(new ChangedTarget());
        }
        if (arguments.GetValue(_still) is { } still)
        {
            targets.Add(new StillTarget(still));
        }
        return targets;
    }

    private static string Describe(ScreenMatch match) =>
        $"{match.Target}{(match.Area is { } area ? $" at {area}" : "")} after {match.Waited.TotalSeconds:0.000} s";

    private static string ToJson(ScreenMatch match) => JsonSerializer.Serialize(
        new WaitReport(
            match.Target.ToString(), match.Waited.TotalSeconds, AreaReport.Of(match.Area), PointReport.Of(match.ClickPoint), match.Area is null ? null : match.Similarity),
        ScreenJson.Default.WaitReport);
}
