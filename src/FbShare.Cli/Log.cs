namespace FbShare.Cli;

/// <summary>Lines for the user on stderr, so that stdout is data alone. Safe from any thread.</summary>
internal sealed class Log(TextWriter writer, LogLevel level)
{
    private readonly TextWriter _writer = TextWriter.Synchronized(writer);

    /// <summary>Whether details are shown, for messages that cost something to make.</summary>
    public bool IsVerbose => level >= LogLevel.Verbose;

    /// <summary>The program ends with this.</summary>
    public void Error(string message) => _writer.WriteLine($"fbshare: {message}");

    /// <summary>Something is not as good as it could be.</summary>
    public void Warn(string message) => Write(LogLevel.Quiet, $"fbshare: warning: {message}");

    /// <summary>What the user came for.</summary>
    public void Info(string message) => Write(LogLevel.Normal, $"fbshare: {message}");

    /// <summary>Details, with --verbose.</summary>
    public void Verbose(string message) => Write(LogLevel.Verbose, $"fbshare: {message}");

    private void Write(LogLevel least, string line)
    {
        if (level >= least)
        {
            _writer.WriteLine(line);
        }
    }
}

/// <summary>How much is said.</summary>
internal enum LogLevel
{
    /// <summary>Errors and warnings.</summary>
    Quiet,
    Normal,
    Verbose,
}
