using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace FbShare.Cli;

/// <summary>--help: the library's own page, then the command's examples.</summary>
internal sealed class HelpWithExamples(HelpAction help, IReadOnlyList<string> rootExamples) : SynchronousCommandLineAction
{
    public override bool Terminating => true;

    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        int result = help.Invoke(parseResult);
        IReadOnlyList<string> examples = parseResult.CommandResult.Command is CliCommand command ? command.Examples : rootExamples;
        TextWriter output = parseResult.InvocationConfiguration.Output;
        output.WriteLine("Examples:");
        foreach (string example in examples)
        {
            output.WriteLine($"  {example}");
        }
        output.WriteLine();
        return result;
    }
}
