using System.CommandLine;
using System.CommandLine.Invocation;
using FbShare.Capture;
using FbShare.Linux;

namespace FbShare.Cli;

/// <summary>The fbshare program: one command per file.</summary>
internal static class Program
{
    /// <summary>Set to 1 to see where an error came from.</summary>
    private const string DebugVariable = "FBSHARE_DEBUG";

    internal static int Main(string[] args) => Run(args, SupportedPlatform.Demand);

    /// <param name="demandPlatform">Throws where the program may not run.</param>
    internal static int Run(string[] args, Action demandPlatform)
    {
        try
        {
            demandPlatform();
        }
        catch (PlatformNotSupportedException e)
        {
            Console.Error.WriteLine($"fbshare: {e.Message}");
            return ExitCodes.Unfit;
        }
        ParseResult arguments = new FbShareCommand().Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (arguments.Action is ParseErrorAction)
        {
            return RefuseUsage(arguments);
        }
        try
        {
            return arguments.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        }
        catch (Exception e)
        {
            (int code, string message) = Describe(e);
            Console.Error.WriteLine($"fbshare: {message}");
            if (Environment.GetEnvironmentVariable(DebugVariable) == "1")
            {
                Console.Error.WriteLine(e);
            }
            return code;
        }
    }

    private static (int Code, string Message) Describe(Exception e) => e switch
    {
        CliException known => (known.ExitCode, known.Message),
        CaptureException or LinuxException => (ExitCodes.Failure, e.Message),
        _ => (ExitCodes.Internal, $"internal error: {e.Message} (please report it; {DebugVariable}=1 shows where)"),
    };

    private static int RefuseUsage(ParseResult arguments)
    {
        Command command = arguments.CommandResult.Command;
        string name = FbShareCommand.NameOf(command);
        // Without a command, that one is missing comes first, and what is wrong besides says more.
        Console.Error.WriteLine($"fbshare: {arguments.Errors[command is RootCommand ? ^1 : 0].Message}");
        Console.Error.WriteLine($"fbshare: see {name} --help");
        return ExitCodes.Usage;
    }
}
