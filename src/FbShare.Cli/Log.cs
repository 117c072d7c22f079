using Microsoft.Extensions.Logging;

namespace FbShare.Cli;

/// <summary>Lines for the user on stderr, so that stdout is data alone: the program's own and the library's. Safe from any thread.</summary>
/// <param name="least">What is shown: warnings and errors, also what the user came for (information), or details as well (debug).</param>
internal sealed class Log(TextWriter writer, LogLevel least) : ILogger
{
    private readonly TextWriter _writer = TextWriter.Synchronized(writer);

    /// <summary>The program ends with this.</summary>
    public void Error(string message) => Write(LogLevel.Error, message);

    /// <summary>Something is not as good as it could be.</summary>
    public void Warn(string message) => Write(LogLevel.Warning, message);

    /// <summary>What the user came for.</summary>
    public void Info(string message) => Write(LogLevel.Information, message);

    /// <summary>Details, with --verbose.</summary>
    public void Verbose(string message) => Write(LogLevel.Debug, message);

    public bool IsEnabled(LogLevel logLevel) => logLevel >= least && logLevel != LogLevel.None;

    void ILogger.Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel))
        {
            Write(logLevel, formatter(state, exception));
        }
    }

    /// <summary>Lines stand for themselves.</summary>
    IDisposable? ILogger.BeginScope<TState>(TState state) => null;

    private void Write(LogLevel level, string message)
    {
        if (IsEnabled(level))
        {
            _writer.WriteLine(level == LogLevel.Warning ? $"fbshare: warning: {message}" : $"fbshare: {message}");
        }
    }
}
