using System.CommandLine;
using System.CommandLine.Invocation;

namespace FbShare.Tools;

/// <summary>What the scripts in tools/ leave to a program: one command for each job.</summary>
internal static class Program
{
    /// <summary>How long the programs that a command started have to end when it is told to stop.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    internal static async Task<int> Main(string[] args)
    {
        var root = new RootCommand("The programs behind tools/bench-check, tools/bench-peers and the end of tools/test.sh.")
        {
            new TestReportCommand(),
            new BenchCheckCommand(),
            new BenchPeersCommand(),
        };
        ParseResult arguments = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        string name = arguments.CommandResult.Command.Name;
        if (arguments.Action is ParseErrorAction)
        {
            await Console.Error.WriteLineAsync($"{name}: error: {arguments.Errors[0].Message} See --help.");
            return ExitCodes.NotDone;
        }
        try
        {
            return await arguments.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = Patience });
        }
        catch (ToolException e)
        {
            await Console.Error.WriteLineAsync($"{name}: error: {e.Message}");
            return ExitCodes.NotDone;
        }
        catch (OperationCanceledException)
        {
            return ExitCodes.Interrupted;
        }
    }
}
