namespace FbShare.Cli;

/// <summary>Ends the program with an exit code and one sentence for the user: what failed, why, what to do.</summary>
internal sealed class CliException(int exitCode, string message, Exception? cause = null) : Exception(message, cause)
{
    /// <summary>One of <see cref="ExitCodes"/>.</summary>
    public int ExitCode { get; } = exitCode;
}
