using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using FbShare.Capture;
using FbShare.Cli.Scripts;
using FbShare.Display.Client;
using FbShare.Testing.Recording;
using FbShare.Testing.Screens;

namespace FbShare.Cli;

/// <summary><c>fbshare script</c>: a list of steps on a running display, with reports for CI.</summary>
internal sealed class ScriptCommand : ScreenCommand
{
    /// <summary>How much of the time before a failure is kept.</summary>
    private static readonly TimeSpan Kept = TimeSpan.FromSeconds(30);

    private readonly Argument<string> _file = new("FILE")
    {
        Description = "The script, or '-' for stdin: one step a line, each a command of fbshare without --display: wait, match, text, type, key, click, move, drag, scroll, dump, hash or record. '...' and \"...\" keep words together, # begins a comment.",
    };
    private readonly Option<string?> _junit = new("--junit") { Description = "Write the results here as JUnit's XML.", HelpName = "FILE" };
    private readonly Option<bool> _tap = new("--tap") { Description = "Print the results as TAP (Test Anything Protocol)." };
    private readonly Option<string?> _failures = new("--failures")
    {
        Description = "Where a failed step leaves its pictures and the recording of the last 30 s (default: the script's name with .failures).",
        HelpName = "FOLDER",
    };
    private readonly Option<bool> _keepGoing = new("--keep-going") { Description = "Run the steps after a failed one too." };

    public ScriptCommand()
        : base(
            "script",
            "Runs a list of steps on a running display: waits, types, clicks and compares.",
            "fbshare script --display debian login.steps --junit results.xml",
            "# login.steps:",
            "#   wait --still 2s --timeout 2m",
            @"#   type 'root\n'",
            "#   wait --match desktop.png --timeout 1m     # or nothing after this runs",
            "#   click --needle ok-button.json",
            "fbshare script --display qmp:/tmp/qmp.sock --tap --keep-going login.steps")
    {
        Add(_file);
        foreach (Option option in (ReadOnlySpan<Option>)[_junit, _tap, _failures, _keepGoing])
        {
            Add(option);
        }
    }

    public override string? FindContradiction(ParseResult arguments) =>
        arguments.GetValue(_tap) && AsksForJson(arguments) ? "--tap and --json contradict each other: both print the results" : null;

    protected override bool EndsBySelf => true;

    protected override ScreenAction Prepare(ParseResult arguments, Log log)
    {
        string file = arguments.GetValue(_file)!;
        (DisplayAddress address, uint output) = DisplayOf(arguments);
        List<(ScriptStep Step, ParseResult Arguments)> steps;
        try
        {
            steps = [.. ScriptFile.Parse(ReadScript(file)).Select(step => (step, ScriptRun.Read(step, address, output)))];
        }
        catch (ScriptException e)
        {
            throw new CliException(ExitCodes.Usage, $"{file}: {e.Message}", e);
        }
        string folder = arguments.GetValue(_failures) ?? $"{(file == "-" ? "script" : file)}.failures";
        bool tap = arguments.GetValue(_tap);
        return async (screen, stop) =>
        {
            RecentFrames recent = await RecentFrames.StartAsync(screen, Kept).ConfigureAwait(false);
            var results = new List<StepResult>();
            await using (recent.ConfigureAwait(false))
            {
                var run = new ScriptRun(screen, recent, folder, log);
                if (tap)
                {
                    Console.Out.WriteLine($"TAP version 14\n1..{steps.Count}");
                }
                foreach ((ScriptStep step, ParseResult words) in steps)
                {
                    bool runs = !stop.IsCancellationRequested && (arguments.GetValue(_keepGoing) || results.TrueForAll(r => r.Outcome == StepOutcome.Passed));
                    StepResult result = runs ? await run.RunAsync(step, words).ConfigureAwait(false) : StepResult.Skip(step);
                    results.Add(result);
                    Tell(result, results.Count, tap, log);
                }
            }
            if (arguments.GetValue(_junit) is { } junit)
            {
                JUnitReport.Write(junit, Path.GetFileName(file), results);
            }
            // The first failure's own status, as if it had been run alone.
            return new ScreenResult(json => Write(json, results), results.Find(r => r.Outcome == StepOutcome.Failed)?.ExitCode ?? ExitCodes.Success);
        };
    }

    private static string ReadScript(string file)
    {
        try
        {
            return file == "-" ? Console.In.ReadToEnd() : File.ReadAllText(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCodes.Failure, $"cannot read {file}: {(e is FileNotFoundException or DirectoryNotFoundException ? "there is no such file" : e.Message)}", e);
        }
    }

    private static void Tell(StepResult result, int number, bool tap, Log log)
    {
        string name = $"line {result.Step.Line}: {result.Step.Text}";
        string files = result.Files.Count == 0 ? "" : $"\nsee {string.Join(", ", result.Files)}";
        if (tap)
        {
            string skip = result.Outcome == StepOutcome.Skipped ? " # SKIP a step before it failed" : "";
            string escaped = name.Replace("\\", @"\\", StringComparison.Ordinal).Replace("#", @"\#", StringComparison.Ordinal);
            Console.Out.WriteLine($"{(result.Outcome == StepOutcome.Failed ? "not ok" : "ok")} {number} - {escaped}{skip}");
            foreach (string line in $"{result.Failure}{files}".Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                Console.Out.WriteLine($"# {line}");
            }
            return;
        }
        switch (result.Outcome)
        {
            case StepOutcome.Passed:
                log.Info($"{name} ({result.Time.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture)} s)");
                break;
            case StepOutcome.Failed:
                log.Error($"{name}: {result.Failure}{files}");
                break;
            default:
                log.Verbose($"{name}: not run");
                break;
        }
    }

    private static void Write(Utf8JsonWriter json, List<StepResult> results)
    {
        json.WriteBoolean("passed", results.TrueForAll(r => r.Outcome == StepOutcome.Passed));
        json.WriteStartArray("steps");
        foreach (StepResult result in results)
        {
            json.WriteStartObject();
            json.WriteNumber("line", result.Step.Line);
            json.WriteString("step", result.Step.Text);
            json.WriteString("outcome", result.Outcome switch { StepOutcome.Passed => "passed", StepOutcome.Failed => "failed", _ => "skipped" });
            json.WriteNumber("seconds", Math.Round(result.Time.TotalSeconds, 3));
            if (result.Failure is not null)
            {
                json.WriteNumber("status", result.ExitCode);
                json.WriteString("failure", result.Failure);
            }
            json.WriteStartArray("files");
            foreach (string file in result.Files)
            {
                json.WriteStringValue(file);
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }
}
