using System.Collections;
using Microsoft.Extensions.Logging;

namespace FbShare.Tests;

/// <summary>Keeps the lines that it is given, from any thread.</summary>
internal sealed class RecordingLogger : ILogger, IReadOnlyList<string>
{
    private readonly Lock _gate = new();
    private readonly List<(LogLevel Level, string Line)> _lines = [];

    /// <summary>What is recorded.</summary>
    public LogLevel Least { get; init; } = LogLevel.Trace;

    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _lines.Count;
            }
        }
    }

    public string this[int index]
    {
        get
        {
            lock (_gate)
            {
                return _lines[index].Line;
            }
        }
    }

    /// <summary>How severe the only line with a text is.</summary>
    public LogLevel LevelOf(string text)
    {
        lock (_gate)
        {
            return Assert.Single(_lines, l => l.Line.Contains(text, StringComparison.Ordinal)).Level;
        }
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= Least;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        lock (_gate)
        {
            _lines.Add((logLevel, formatter(state, exception)));
        }
    }

    public IEnumerator<string> GetEnumerator()
    {
        lock (_gate)
        {
            return _lines.ConvertAll(l => l.Line).GetEnumerator();
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
