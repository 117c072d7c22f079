using System.Buffers;
using System.CommandLine;
using System.Text;
using System.Text.Json;
using FbShare.Display.Client;
using FbShare.Testing.Screens;
using FbShare.Testing.Typing;

namespace FbShare.Cli;

/// <summary>A command that does something with one output of a running display, and ends when that is done, at a signal, or when the display
/// is lost.</summary>
internal abstract class ScreenCommand : CliCommand
{
    private readonly DisplayChoice _display;
    private readonly Option<uint?> _output = DisplayArguments.Output();
    private readonly Option<bool> _json = new("--json") { Description = "Print what was done as JSON." };

    protected ScreenCommand(string name, string description, params string[] examples)
        : this(name, description, takesDisplayWord: false, examples)
    {
    }

    /// <param name="takesDisplayWord">Whether the first word may be the display's name: the command has no words of its own.</param>
    protected ScreenCommand(string name, string description, bool takesDisplayWord, params string[] examples)
        : base(name, description, examples)
    {
        _display = new DisplayChoice(takesDisplayWord);
        _display.AddTo(this);
        Add(_output);
        Add(_json);
    }

    public override string? FindContradiction(ParseResult arguments) => _display.FindContradiction(arguments);

    protected override int Run(ParseResult arguments, Log log)
    {
        using var stop = new CancellationTokenSource();
        using var signals = new StopSignals(_ => stop.Cancel());
        try
        {
            // Whatever can be wrong with the command line or this host is told before anything is connected to.
            ScreenAction action = Prepare(arguments, log);
            using GuestDisplay display = DisplayArguments.Open(_display.Read(arguments), log);
            Screen screen = DisplayArguments.ScreenOf(display, arguments.GetValue(_output) ?? 0);
            ScreenResult result = DisplayArguments.Ask(() => action(screen, stop.Token).WaitAsync(EndsBySelf ? CancellationToken.None : stop.Token));
            if (arguments.GetValue(_json))
            {
                Console.Out.WriteLine(ToJson(result.Json));
            }
            return signals.ExitCode ?? result.ExitCode;
        }
        catch (OperationCanceledException) when (signals.ExitCode is { } code)
        {
            return code;
        }
        catch (TypingException e)
        {
            throw new CliException(e.LacksLibrary ? ExitCodes.Unfit : e.IsMistake ? ExitCodes.Usage : ExitCodes.Failure, e.Message, e);
        }
    }

    /// <summary>Whether a signal is the action's to notice, because it has something to finish.</summary>
    protected virtual bool EndsBySelf => false;

    protected bool AsksForJson(ParseResult arguments) => arguments.GetValue(_json);

    protected (DisplayAddress Display, uint Output) DisplayOf(ParseResult arguments) => (_display.Read(arguments), arguments.GetValue(_output) ?? 0);

    /// <summary>Reads the command line and whatever else is needed.</summary>
    protected abstract ScreenAction Prepare(ParseResult arguments, Log log);

    /// <summary>What was done, as one line of JSON.</summary>
    private static string ToJson(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}

/// <summary>Does something with a screen.</summary>
internal delegate Task<ScreenResult> ScreenAction(Screen screen, CancellationToken stop);

/// <summary>What was done.</summary>
/// <param name="Json">Writes its properties.</param>
/// <param name="ExitCode">One of <see cref="ExitCodes"/>.</param>
internal sealed record ScreenResult(Action<Utf8JsonWriter> Json, int ExitCode = ExitCodes.Success);
