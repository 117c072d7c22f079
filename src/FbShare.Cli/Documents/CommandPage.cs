using System.CommandLine;
using System.CommandLine.Help;

namespace FbShare.Cli.Documents;

/// <summary>What there is to say of a command, once: --help prints it, and the manual pages are made of it.</summary>
/// <param name="Name">As it is typed.</param>
/// <param name="Examples">Command lines; one that begins with '#' is a comment.</param>
internal sealed record CommandPage(string Name, string Description, string Usage, IReadOnlyList<PageRow> Arguments, IReadOnlyList<PageRow> Options, IReadOnlyList<PageRow> Commands, IReadOnlyList<string> Examples)
{
    public static CommandPage Of(Command command) => new(
        FbShareCommand.NameOf(command),
        command.Description ?? "",
        UsageOf(command),
        ArgumentsOf(command),
        OptionsOf(command),
        CommandsOf(command),
        command is CliCommand { Examples: var own } ? own : FbShareCommand.Examples);

    private static string UsageOf(Command command)
    {
        string usage = $"{FbShareCommand.NameOf(command)}{(command is RootCommand ? " [command]" : "")} [options]";
        foreach (Argument argument in command.Arguments)
        {
            string name = argument.Arity.MinimumNumberOfValues == 0 ? $"[{NameOf(argument)}]" : NameOf(argument);
            usage += command is CliCommand { TakesCommandLine: true } ? $" -- {name}" : $" {name}{(argument.Arity.MaximumNumberOfValues > 1 ? "..." : "")}";
        }
        return usage;
    }

    private static List<PageRow> ArgumentsOf(Command command)
    {
        var rows = new List<PageRow>();
        foreach (Argument argument in command.Arguments)
        {
            rows.Add(new PageRow(NameOf(argument), argument.Description ?? ""));
        }
        return rows;
    }

    /// <summary>The command's own, then those that every command has.</summary>
    private static List<PageRow> OptionsOf(Command command)
    {
        var own = new List<PageRow>();
        var common = new List<PageRow>();
        foreach (Option option in command.Options)
        {
            if (!option.Hidden)
            {
                (option is HelpOption or VersionOption ? common : own).Add(RowOf(option));
            }
        }
        foreach (Symbol parent in command.Parents)
        {
            foreach (Option option in ((Command)parent).Options)
            {
                if (option.Recursive)
                {
                    common.Add(RowOf(option));
                }
            }
        }
        own.AddRange(common);
        return own;
    }

    private static List<PageRow> CommandsOf(Command command)
    {
        var rows = new List<PageRow>();
        foreach (Command inner in command.Subcommands)
        {
            if (inner.Hidden)
            {
                continue;
            }
            string name = inner.Name;
            foreach (Argument argument in inner.Arguments)
            {
                name += $" {NameOf(argument)}";
            }
            rows.Add(new PageRow(name, inner.Description ?? ""));
        }
        return rows;
    }

    private static string NameOf(Argument argument) => $"<{argument.HelpName ?? argument.Name}>";

    private static PageRow RowOf(Option option)
    {
        string[] names = [.. option.Aliases, option.Name];
        // Not /h, which is another system's custom.
        names = Array.FindAll(names, name => name.StartsWith('-'));
        Array.Sort(names, (a, b) => a.Length.CompareTo(b.Length));
        string value = option.ValueType == typeof(bool) || option is HelpOption or VersionOption ? "" : $" <{option.HelpName ?? option.Name.TrimStart('-')}>";
        bool showsDefault = value.Length > 0 && option is { Required: false, HasDefaultValue: true };
        string preset = showsDefault && option.GetDefaultValue()?.ToString() is { Length: > 0 } text ? $" [default: {text}]" : "";
        return new PageRow($"{string.Join(", ", names)}{value}{(option.Required ? " (REQUIRED)" : "")}", $"{option.Description}{preset}");
    }
}

/// <summary>A line of a page's table.</summary>
/// <param name="Name">An option with its value, an argument, a command.</param>
/// <param name="Text">What it is.</param>
internal readonly record struct PageRow(string Name, string Text);
