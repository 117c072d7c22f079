using System.CommandLine;
using System.CommandLine.Completions;
using System.CommandLine.Help;

namespace FbShare.Cli.Documents;

/// <summary>What a shell needs to know of a command to complete its words.</summary>
/// <param name="Name">The command's word; empty for the program itself.</param>
internal sealed record CompletionPage(string Name, string Summary, IReadOnlyList<CompletionOption> Options, IReadOnlyList<CompletionWord> Arguments)
{
    /// <summary>Every command but the hidden ones, the program itself first.</summary>
    public static IReadOnlyList<CompletionPage> All(RootCommand root) =>
        [Of(root, []), .. root.Subcommands.Where(command => !command.Hidden).Select(command => Of(command, root.Options.Where(option => option.Recursive)))];

    private static CompletionPage Of(Command command, IEnumerable<Option> common) => new(
        command is RootCommand ? "" : command.Name,
        FirstSentence(command.Description),
        [.. command.Options.Concat(common).Where(option => !option.Hidden).Select(OptionOf)],
        [.. command.Arguments.Select(argument => new CompletionWord(
            argument.HelpName ?? argument.Name,
            command is CliCommand { TakesCommandLine: true } ? WordKind.CommandLine : KindOf(argument, argument.HelpName ?? argument.Name),
            ChoicesOf(argument),
            argument.Arity.MaximumNumberOfValues > 1))]);

    private static CompletionOption OptionOf(Option option)
    {
        bool isFlag = option.ValueType == typeof(bool) || option is HelpOption or VersionOption;
        return new CompletionOption(
            [.. option.Aliases.Append(option.Name).Where(name => name.StartsWith('-') && name != "-?").Order(Comparer<string>.Create((a, b) => a.Length.CompareTo(b.Length)))],
            FirstSentence(option.Description),
            isFlag ? new CompletionWord("", WordKind.None, [], false) : new CompletionWord(option.HelpName ?? "", KindOf(option, option.HelpName ?? ""), ChoicesOf(option), option.Arity.MaximumNumberOfValues > 1));
    }

    private static WordKind KindOf(Symbol symbol, string helpName) => helpName switch
    {
        DisplayChoice.Form or DisplayChoice.Word => WordKind.Display,
        "FILE" or "PATH" or "FRAME" or "NEEDLE" => WordKind.File,
        "FOLDER" or "DIR" => WordKind.Folder,
        _ => ChoicesOf(symbol).Count > 0 ? WordKind.Choice : WordKind.Other,
    };

    private static IReadOnlyList<string> ChoicesOf(Symbol symbol) =>
        [.. symbol.GetCompletions(CompletionContext.Empty).Select(item => item.InsertText ?? item.Label)];

    private static string FirstSentence(string? text)
    {
        int end = text?.IndexOf(". ", StringComparison.Ordinal) ?? -1;
        return (end < 0 ? text ?? "" : text![..end]).TrimEnd('.');
    }
}

/// <summary>An option.</summary>
/// <param name="Names">The shortest first.</param>
internal sealed record CompletionOption(IReadOnlyList<string> Names, string Summary, CompletionWord Value);

/// <summary>A place for a word.</summary>
/// <param name="Name">What --help calls it.</param>
/// <param name="Choices">With <see cref="WordKind.Choice"/>.</param>
/// <param name="Repeats">Whether several may follow.</param>
internal sealed record CompletionWord(string Name, WordKind Kind, IReadOnlyList<string> Choices, bool Repeats);
