using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.Json;
using FbShare.Capture;
using FbShare.Pictures;
using FbShare.Testing.Text;

namespace FbShare.Cli;

/// <summary><c>fbshare text</c>: what a picture, or a display, says.</summary>
internal sealed class TextCommand : CliCommand
{
    private readonly FrameArguments _frame = new();
    private readonly Option<Rect?> _area = AreaOption.Optional("--area", "Read only this part of the screen.");
    private readonly Option<bool> _json = new("--json") { Description = "Print the lines as JSON, each with its place." };

    public TextCommand()
        : base(
            "text",
            "Prints what a screen says: a text console exactly, by its font, and other screens as tesseract reads them, if it is installed.",
            "fbshare text",
            "fbshare text screen.png --area 0,0,640x32",
            "fbshare text --display qmp:/tmp/qmp.sock --json | jq -r '.lines[].text'")
    {
        _frame.AddTo(this);
        Add(_area);
        Add(_json);
    }

    public override string? FindContradiction(ParseResult arguments) => _frame.FindContradiction(arguments);

    protected override int Run(ParseResult arguments, Log log)
    {
        using var stop = new CancellationTokenSource();
        using var signals = new StopSignals(_ => stop.Cancel());
        try
        {
            ScreenText text = ScreenReader.Read(_frame.Take(arguments, log, stop.Token), arguments.GetValue(_area));
            Console.Out.WriteLine(arguments.GetValue(_json) ? ToJson(text) : text.ToString());
            return ExitCodes.Success;
        }
        catch (OperationCanceledException)
        {
            return signals.ExitCode ?? ExitCodes.Interrupted;
        }
        catch (TextException e)
        {
            throw new CliException(e.LacksProgram ? ExitCodes.Unfit : ExitCodes.Failure, e.Message, e);
        }
    }

    private static string ToJson(ScreenText text) => JsonSerializer.Serialize(
        new TextReport(text.Source, text.IsExact, [.. text.Lines.Where(l => l.Text.Length > 0).Select(l => new TextLineReport(l.Text, AreaReport.Of(l.Box)!))]),
        ScreenJson.Default.TextReport);
}
