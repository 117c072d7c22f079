using Microsoft.Extensions.Logging;

namespace FbShare.Benchmarks;

/// <summary>A log for a device whose guest makes no mistake: a message means that not the thing itself is measured.</summary>
internal sealed class RefusalIsFatal : ILogger
{
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        throw new InvalidOperationException(formatter(state, exception));
}
