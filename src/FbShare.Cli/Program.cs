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

    /// <summary>How long the end of the program waits for whoever reads its errors.</summary>
    private static readonly TimeSpan ReaderPatience = TimeSpan.FromSeconds(1);

    internal static int Main(string[] args)
    {
        var errors = new PatientWriter(Console.Error);
        Console.SetError(errors);
        int code = Run(args, SupportedPlatform.Demand);
        errors.Finish(ReaderPatience);
        return code;
    }

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
        try
        {
            ParseResult arguments = Parse(args);
            return FindMistake(arguments) is { } mistake
                ? RefuseUsage(arguments, mistake)
                : arguments.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
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

    /// <summary>What an error means to the user, and the status that the program ends with.</summary>
    internal static (int Code, string Message) Describe(Exception e) => e switch
    {
        CliException known => (known.ExitCode, known.Message),
        CaptureException { LacksLibrary: true } => (ExitCodes.Unfit, e.Message),
        CaptureException or LinuxException => (ExitCodes.Failure, e.Message),
        _ => (ExitCodes.Internal, $"internal error: {e.Message} (please report it; {DebugVariable}=1 shows where)"),
    };

    internal static ParseResult Parse(IReadOnlyList<string> args) =>
        new FbShareCommand(args.Count > 0 ? args[0] : null).Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });

    /// <summary>What does not make sense in a command line, in a sentence; null: nothing.</summary>
    internal static string? FindMistake(ParseResult arguments)
    {
        Command command = arguments.CommandResult.Command;
        if (arguments.Action is ParseErrorAction)
        {
            // Without a command, that one is missing comes first, and what is wrong besides says more.
            return arguments.Errors[command is RootCommand ? ^1 : 0].Message;
        }
        return command is CliCommand own && ReferenceEquals(arguments.Action, command.Action) ? own.FindContradiction(arguments) : null;
    }

    private static int RefuseUsage(ParseResult arguments, string mistake)
    {
        Console.Error.WriteLine($"fbshare: {mistake}");
        Console.Error.WriteLine($"fbshare: see {FbShareCommand.NameOf(arguments.CommandResult.Command)} --help");
        return ExitCodes.Usage;
    }
}
