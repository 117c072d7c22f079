using System.CommandLine;
using System.CommandLine.Invocation;
using System.Diagnostics;
using FbShare.Capture;
using FbShare.Display.Client;
using FbShare.Testing.Recording;
using FbShare.Testing.Screens;

namespace FbShare.Cli.Scripts;

/// <summary>Runs a script's steps on a display, and keeps what its screen showed for when one fails.</summary>
/// <param name="folder">Where pictures and recordings of failures go.</param>
internal sealed class ScriptRun(Screen screen, RecentFrames recent, string folder, Log log)
{
    private const string DisplayOption = "--display";
    private const string OutputOption = "--output";

    /// <summary>What a step may be.</summary>
    private static readonly string[] Commands =
        ["wait", "match", "text", "type", "key", "click", "move", "drag", "scroll", "dump", "hash", "record"];

    /// <summary>Reads a step's command line.</summary>
    /// <exception cref="ScriptException">It makes no sense; the message names the line.</exception>
    public static ParseResult Read(ScriptStep step, DisplayAddress address, uint output)
    {
        if (!Commands.Contains(step.Words[0]))
        {
            throw new ScriptException($"line {step.Line}: '{step.Words[0]}' is no step: a step is {string.Join(", ", Commands)}");
        }
        ParseResult arguments = Program.Parse(step.Words);
        string? mistake = Program.FindMistake(arguments);
        Command command = arguments.CommandResult.Command;
        string[] added = step.Words.Contains(DisplayOption) ? []
            : output != 0 && command.Options.Any(o => o.Name == OutputOption) && !step.Words.Contains(OutputOption) ? [DisplayOption, address.ToString(), OutputOption, $"{output}"]
            : [DisplayOption, address.ToString()];
        ParseResult onDisplay = Program.Parse([step.Words[0], .. added, .. step.Words[1..]]);
        // A step that names its picture itself makes no sense with a display.
        return Program.FindMistake(onDisplay) is null ? onDisplay
            : mistake is null ? arguments
            : throw new ScriptException($"line {step.Line}: {mistake}");
    }

    /// <summary>Runs a step.</summary>
    public async Task<StepResult> RunAsync(ScriptStep step, ParseResult arguments)
    {
        var output = new StringWriter();
        var clock = Stopwatch.StartNew();
        TextWriter stdout = Console.Out;
        (int code, string? failure, Exception? cause) = (ExitCodes.Success, null as string, null as Exception);
        Console.SetOut(output);
        try
        {
            code = arguments.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
            failure = code == ExitCodes.Success ? null : output.ToString().TrimEnd() is { Length: > 0 } said ? said : $"it ended with status {code}";
        }
        catch (Exception e)
        {
            cause = e;
            (code, failure) = Program.Describe(e);
        }
        finally
        {
            Console.SetOut(stdout);
        }
        TimeSpan time = clock.Elapsed;
        IReadOnlyList<string> files = failure is null ? [] : await SaveAsync(step, (cause as ScreenTimeoutException) ?? cause?.InnerException as ScreenTimeoutException).ConfigureAwait(false);
        return new StepResult(step, failure is null ? StepOutcome.Passed : StepOutcome.Failed, time, code, failure, output.ToString(), files);
    }

    /// <summary>Leaves pictures of a failure, and a recording of the time before it.</summary>
    private async Task<IReadOnlyList<string>> SaveAsync(ScriptStep step, ScreenTimeoutException? late)
    {
        string name = Path.Combine(folder, $"line-{step.Line:000}");
        var files = new List<string>();
        try
        {
            Directory.CreateDirectory(folder);
            if (late is not null)
            {
                files.AddRange(late.Report.Save(name));
            }
            else
            {
                string picture = $"{name}.actual.png";
                (await screen.CaptureAsync(timeout: TimeSpan.FromSeconds(1)).ConfigureAwait(false)).Save(picture);
                files.Add(picture);
            }
            string recording = name + RecentFrames.BestEnding;
            if (await recent.SaveAsync(recording).ConfigureAwait(false))
            {
                files.Add(recording);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or DisplayException or TimeoutException or ObjectDisposedException)
        {
            log.Warn($"line {step.Line}: what the screen showed could not be kept: {e.Message}");
        }
        return files;
    }
}
