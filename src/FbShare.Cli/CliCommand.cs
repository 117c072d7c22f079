using System.CommandLine;

namespace FbShare.Cli;

/// <summary>One of the program's commands: its options, its examples for --help, and what it does.</summary>
internal abstract class CliCommand : Command
{
    /// <param name="examples">Whole command lines, each shown in --help; a line that starts with '#' is a comment to the next.</param>
    protected CliCommand(string name, string description, params string[] examples)
        : base(name, description)
    {
        Examples = examples;
        SetAction(arguments =>
        {
            GiveUpPrivileges(arguments);
            return Run(arguments, FbShareCommand.LogFor(arguments, OpenLog(arguments)));
        });
    }

    public IReadOnlyList<string> Examples { get; }

    /// <summary>Whether its arguments are another program's and come after --.</summary>
    public virtual bool TakesCommandLine => false;

    /// <summary>What options that are right by themselves say against each other, in a sentence; null: nothing. Not a validator: those run
    /// before every option has been read, and reading one that is wrong throws.</summary>
    public virtual string? FindContradiction(ParseResult arguments) => null;

    /// <summary>Becomes who it is to be, before anything is opened or made; may start this program again.</summary>
    /// <exception cref="CliException">It cannot.</exception>
    protected virtual void GiveUpPrivileges(ParseResult arguments)
    {
    }

    /// <summary>Where its messages go.</summary>
    /// <exception cref="CliException">That cannot be written.</exception>
    protected virtual TextWriter OpenLog(ParseResult arguments) => Console.Error;

    /// <summary>Does it. May throw <see cref="CliException"/>.</summary>
    /// <returns>One of <see cref="ExitCodes"/>.</returns>
    protected abstract int Run(ParseResult arguments, Log log);
}
