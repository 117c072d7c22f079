using System.CommandLine;
using FbShare.Cli.Documents;

namespace FbShare.Cli;

/// <summary><c>fbshare completion</c>: what a shell reads to complete fbshare's words.</summary>
internal sealed class CompletionCommand : CliCommand
{
    private readonly Argument<string> _shell = new("SHELL") { Description = "bash or zsh.", HelpName = "bash|zsh" };

    public CompletionCommand()
        : base(
            "completion",
            "Prints the completion for a shell: commands, options, their values, and the names of running displays.",
            "eval \"$(fbshare completion bash)\"        # in ~/.bashrc; the Debian package brings it along",
            "fbshare completion zsh > ~/.zfunc/_fbshare   # a folder of fpath")
    {
        _shell.AcceptOnlyFromAmong("bash", "zsh");
        Add(_shell);
    }

    protected override int Run(ParseResult arguments, Log log)
    {
        IReadOnlyList<CompletionPage> pages = CompletionPage.All(new FbShareCommand());
        Console.Out.Write(arguments.GetValue(_shell) == "zsh" ? ZshCompletion.Write(pages) : BashCompletion.Write(pages));
        return ExitCodes.Success;
    }
}
