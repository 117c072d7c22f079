using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.Json;
using FbShare.Capture;
using FbShare.Pictures;
using FbShare.Testing.Needles;

namespace FbShare.Cli;

/// <summary><c>fbshare match</c>: compares a picture, or what a display shows, with a golden picture or a needle.</summary>
internal sealed class MatchCommand : CliCommand
{
    private readonly Argument<string> _needle = new("NEEDLE") { Description = $"What it should look like: {NeedleArguments.Kinds}." };
    private readonly FrameArguments _frame = new();
    private readonly NeedleArguments _how = new();
    private readonly Option<Rect[]> _area = AreaOption.Several("--area", "Compare only this part of the picture. May be given several times.");
    private readonly Option<Rect[]> _exclude = AreaOption.Several("--exclude", "Leave out this part, such as a clock. May be given several times.");
    private readonly Option<string?> _difference = new("-o", "--difference")
    {
        Description = PictureArguments.Describe("If it does not match, write the difference here: the screen in grey, what differs in red, what is left out in blue"),
        HelpName = "FILE",
    };
    private readonly Option<bool> _update = new("--update") { Description = "Say how it differs, then make the picture that is looked at the needle's." };
    private readonly Option<bool> _json = new("--json") { Description = "Print the result as JSON." };

    public MatchCommand()
        : base(
            "match",
            "Compares a picture, or what a display shows now, with what it should look like. Ends with status 6 if they do not match.",
            "fbshare match golden.png screen.png -o difference.png",
            "fbshare match golden.png --display debian --exclude 1180,0,100x24",
            "fbshare match desktop.json --display qmp:/tmp/qmp.sock --json    # a needle of os-autoinst",
            "fbshare match golden.png --display debian --update")
    {
        Add(_needle);
        _frame.AddTo(this);
        _how.AddTo(this);
        foreach (Option option in (ReadOnlySpan<Option>)[_area, _exclude, _difference, _update, _json])
        {
            Add(option);
        }
    }

    public override string? FindContradiction(ParseResult arguments)
    {
        string needle = arguments.GetValue(_needle)!;
        return _frame.FindContradiction(arguments) ?? _how.FindContradiction(arguments, [needle])
            ?? (arguments.GetValue(_area)!.Length > 0 && Needle.IsOsAutoinst(needle) ? $"{needle} says itself which areas count: give no --area"
            : arguments.GetValue(_difference) is { } file && !PictureFormats.TryOf(file, out _) ? $"-o {file}: name the file {PictureFormats.Endings}"
            : null);
    }

    protected override int Run(ParseResult arguments, Log log)
    {
        using var stop = new CancellationTokenSource();
        using var signals = new StopSignals(_ => stop.Cancel());
        string path = arguments.GetValue(_needle)!;
        bool updates = arguments.GetValue(_update);
        bool isNew = updates && !File.Exists(PictureOf(path)) && !Needle.IsOsAutoinst(path);
        Needle? needle = isNew ? null : _how.Load(arguments, path, arguments.GetValue(_area)!, arguments.GetValue(_exclude)!);
        Picture picture;
        try
        {
            picture = _frame.Take(arguments, log, stop.Token);
        }
        catch (OperationCanceledException)
        {
            return signals.ExitCode ?? ExitCodes.Interrupted;
        }
        NeedleResult result = needle?.Match(picture) ?? new NeedleResult(false, "there was no such file", []);
        if (needle is not null && !result.IsMatch && arguments.GetValue(_difference) is { } difference)
        {
            PictureFile.Write(difference, needle.MarkDifference(picture, result));
        }
        Console.Out.WriteLine(arguments.GetValue(_json)
            ? JsonSerializer.Serialize(MatchReport.Of(path, result), ScreenJson.Default.MatchReport)
            : Describe(path, result));
        if (updates && !result.IsMatch)
        {
            PictureFile.Write(PictureOf(path), picture);
            log.GoldenWritten(PictureOf(path), picture.Width, picture.Height);
            return ExitCodes.Success;
        }
        return result.IsMatch ? ExitCodes.Success : ExitCodes.Mismatch;
    }

    private static string PictureOf(string path) => Needle.IsOsAutoinst(path) ? Path.ChangeExtension(path, ".png") : path;

    private static string Describe(string path, NeedleResult result) =>
        $"{path}: {(result.IsMatch ? "matches" : "does not match")}: {result.Reason}";
}
