using System.CommandLine;
using System.CommandLine.Parsing;
using FbShare.Display.Client;
using FbShare.Display.Naming;

namespace FbShare.Cli;

/// <summary>Which display a command looks at: --display, a name by itself where nothing else can stand there, or the only one that runs.</summary>
internal sealed class DisplayChoice
{
    /// <summary>What --display takes.</summary>
    public const string Form = "NAME|unix:PATH|qmp:PATH|dbus:ADDRESS|libvirt:DOMAIN";

    /// <summary>What a display is called where it is a word by itself.</summary>
    public const string Word = "NAME";

    private const string OptionName = "--display";

    private readonly Option<DisplayAddress?> _option = new(OptionName)
    {
        Description = "The display: the NAME of a running one (fbshare list), unix:PATH of fbshare serve or run, qmp:PATH of a QEMU with -display dbus,p2p=yes, dbus:ADDRESS of a message bus that a QEMU with -display dbus is on, or libvirt:DOMAIN (through virsh). Without it: the only one that is running.",
        HelpName = Form,
        CustomParser = Parse,
    };

    private readonly Argument<DisplayAddress?>? _argument;

    /// <param name="takesWord">Whether the command's first word may be the display.</param>
    public DisplayChoice(bool takesWord = false) => _argument = !takesWord ? null : new Argument<DisplayAddress?>(Word)
    {
        Description = $"The display, as for {OptionName}.",
        Arity = ArgumentArity.ZeroOrOne,
        CustomParser = Parse,
    };

    public void AddTo(Command command)
    {
        if (_argument is not null)
        {
            command.Add(_argument);
        }
        command.Add(_option);
    }

    /// <summary>Whether a display was named.</summary>
    public bool IsGiven(ParseResult arguments) => Named(arguments) is not null;

    /// <inheritdoc cref="CliCommand.FindContradiction"/>
    public string? FindContradiction(ParseResult arguments) =>
        _argument is not null && arguments.GetValue(_argument) is { } word && arguments.GetValue(_option) is not null
            ? $"two displays, {word} and that of {OptionName}: give one of them"
            : null;

    /// <summary>The display.</summary>
    /// <exception cref="CliException">None was named, and not just one is running.</exception>
    public DisplayAddress Read(ParseResult arguments) => Named(arguments) ?? FindOnly();

    private DisplayAddress? Named(ParseResult arguments) => arguments.GetValue(_option) ?? (_argument is null ? null : arguments.GetValue(_argument));

    private static DisplayAddress FindOnly()
    {
        IReadOnlyList<DisplayName> running = DisplayFolder.FindRunning();
        return running.Count switch
        {
            1 => new DisplayAddress(DisplayAddressKind.Name, running[0].Text),
            0 => throw new CliException(ExitCodes.Unreachable, $"no display is running: start one (fbshare run, fbshare serve), or name one with {OptionName}"),
            _ => throw new CliException(ExitCodes.Usage, $"several displays are running: choose one with {OptionName}: {string.Join(", ", running)}"),
        };
    }

    private static DisplayAddress? Parse(ArgumentResult result)
    {
        if (DisplayAddress.TryParse(GivenText.Of(result), out DisplayAddress? address, out string? why))
        {
            return address;
        }
        result.AddError($"{why}; fbshare list shows which are running");
        return null;
    }
}
