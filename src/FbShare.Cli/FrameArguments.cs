using System.CommandLine;
using System.CommandLine.Parsing;
using FbShare.Capture;
using FbShare.Display.Client;
using FbShare.Testing.Screens;

namespace FbShare.Cli;

/// <summary>The picture that a command looks at: a file, or what a display shows now.</summary>
internal sealed class FrameArguments
{
    private readonly Argument<string?> _file = new("FRAME") { Description = "The picture to look at; or give --display NAME. Without either: the only display that is running.", Arity = ArgumentArity.ZeroOrOne };
    private readonly DisplayChoice _display = new();
    private readonly Option<uint?> _output = DisplayArguments.Output();

    public void AddTo(Command command)
    {
        command.Add(_file);
        _display.AddTo(command);
        command.Add(_output);
    }

    /// <inheritdoc cref="CliCommand.FindContradiction"/>
    public string? FindContradiction(ParseResult arguments) =>
        arguments.GetValue(_file) is null ? null
        : _display.IsGiven(arguments) ? "give either the file of a picture or --display, to say what to look at"
        : arguments.GetResult(_output) is { Implicit: false } ? "--output has no effect on the file of a picture"
        : null;

    /// <summary>Takes the picture.</summary>
    /// <param name="stop">Ends the wait for a display.</param>
    /// <exception cref="CaptureException">The file cannot be read.</exception>
    /// <exception cref="CliException">The display cannot be used, or shows nothing.</exception>
    public Picture Take(ParseResult arguments, Log log, CancellationToken stop)
    {
        if (arguments.GetValue(_file) is { } file)
        {
            return PictureFile.Read(file);
        }
        using GuestDisplay display = DisplayArguments.Open(_display.Read(arguments), log);
        return DisplayArguments.Ask(() => DisplayArguments.ScreenOf(display, arguments.GetValue(_output) ?? 0).CaptureAsync(cancellation: stop)).Picture;
    }
}
