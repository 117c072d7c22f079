using System.CommandLine;
using System.CommandLine.Help;
using Microsoft.Extensions.Logging;

namespace FbShare.Cli;

/// <summary>The root: fbshare itself, with the options that every command has.</summary>
internal sealed class FbShareCommand : RootCommand
{
    private const string QuietName = "--quiet";
    private const string VerboseName = "--verbose";

    /// <summary>Command lines for --help.</summary>
    public static readonly string[] Examples =
    [
        "fbshare run --dump-to screen.png --dump-when still:1s -- qemu-system-x86_64 -m 2G disk.qcow2",
        "fbshare serve --socket-path /run/user/1000/gpu.sock --display debian",
        "fbshare dump -o screen.png",
        "fbshare wait debian --text 'login:' --timeout 60s",
        "fbshare view",
        "fbshare probe",
    ];

    private static readonly (string Name, Func<Command> Make)[] Commands =
    [
        ("run", () => new RunCommand()),
        ("serve", () => new ServeCommand()),
        ("list", () => new ListCommand()),
        ("dump", () => new DumpCommand()),
        ("wait", () => new WaitCommand()),
        ("match", () => new MatchCommand()),
        ("text", () => new TextCommand()),
        ("hash", () => new HashCommand()),
        ("type", () => new TypeCommand()),
        ("key", () => new KeyCommand()),
        ("click", () => new ClickCommand()),
        ("move", () => new MoveCommand()),
        ("drag", () => new DragCommand()),
        ("scroll", () => new ScrollCommand()),
        ("record", () => new RecordCommand()),
        ("script", () => new ScriptCommand()),
        ("bench", () => new BenchCommand()),
        ("probe", () => new ProbeCommand()),
        ("view", () => new ViewCommand()),
        ("region", () => new RegionCommand()),
        ("completion", () => new CompletionCommand()),
        ("docs", () => new DocsCommand()),
        ("helper", () => new HelperCommand()),
    ];

    /// <param name="first">The first word of the command line. Where it is a command, the others are not made: a device would keep their
    /// options in memory as long as it lives.</param>
    public FbShareCommand(string? first = null)
        : base("Shares a QEMU guest's screen with the host: a virtio-gpu device outside QEMU, without copying where the host can.")
    {
        var quiet = new Option<bool>(QuietName, "-q") { Description = "Print only warnings and errors.", Recursive = true };
        var verbose = new Option<bool>(VerboseName, "-v") { Description = "Print details too.", Recursive = true };
        quiet.Validators.Add(result =>
        {
            if (!result.Implicit && result.GetResult(verbose) is { Implicit: false })
            {
                result.AddError($"{QuietName} and {VerboseName} contradict each other: give one of them");
            }
        });
        (string Name, Func<Command> Make)[] named = Array.FindAll(Commands, c => c.Name == first);
        foreach ((_, Func<Command> make) in named.Length > 0 ? named : Commands)
        {
            Add(make());
        }
        Add(quiet);
        Add(verbose);
        foreach (Option option in Options)
        {
            if (option is HelpOption)
            {
                option.Action = new HelpPage();
            }
        }
    }

    /// <summary>What the user types for a command.</summary>
    public static string NameOf(Command command) => command is RootCommand ? "fbshare" : $"fbshare {command.Name}";

    /// <summary>The log that a command line asks for.</summary>
    /// <param name="writer">Where it goes.</param>
    public static Log LogFor(ParseResult arguments, TextWriter writer) => new(
        writer,
        arguments.GetValue<bool>(QuietName) ? LogLevel.Warning : arguments.GetValue<bool>(VerboseName) ? LogLevel.Debug : LogLevel.Information);
}
