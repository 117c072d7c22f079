using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;

namespace FbShare.Logging;

/// <summary>Keeps what others can cause within bounds: of each kind of message some are passed on in a minute, the rest are only counted.
/// Stands at every door where a guest, a front-end or a client comes in.</summary>
/// <remarks>A kind is one method of the library's messages (its <see cref="EventId"/>), never anything that a peer chose, so there are as
/// many kinds as the code has. Safe from any thread.</remarks>
public sealed class LogLimit : ILogger
{
    /// <summary>Messages of one kind that are passed on in a minute.</summary>
    public const int MostPerMinute = 20;

    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private readonly ILogger _log;
    private readonly TimeProvider _time;
    private readonly Dictionary<int, Turn> _turns = [];
    private readonly Lock _gate = new();

    /// <param name="log">Takes what passes.</param>
    /// <param name="time">Tells when a minute is over.</param>
    public LogLimit(ILogger log, TimeProvider time)
    {
        _log = log;
        _time = time;
    }

    /// <summary>How many kinds were seen.</summary>
    public int KindCount
    {
        get
        {
            lock (_gate)
            {
                return _turns.Count;
            }
        }
    }

    /// <summary>A limit around a log, which may be one already: then the two doors share it.</summary>
    public static LogLimit Around(ILogger log) => log as LogLimit ?? new LogLimit(log, TimeProvider.System);

    /// <inheritdoc/>
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => _log.BeginScope(state);

    /// <inheritdoc/>
    public bool IsEnabled(LogLevel logLevel) => _log.IsEnabled(logLevel);

    /// <inheritdoc/>
    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        // What is not shown must not use up what may be shown.
        if (!IsEnabled(logLevel))
        {
            return;
        }
        (int number, int leftOut) = Count(eventId.Id);
        if (leftOut > 0)
        {
            _log.LeftOut(logLevel, leftOut);
        }
        if (number <= MostPerMinute)
        {
            _log.Log(logLevel, eventId, state, exception, formatter);
        }
        else if (number == MostPerMinute + 1)
        {
            _log.LastOfItsKind(logLevel, formatter(state, exception));
        }
    }

    /// <returns>Which message of its kind in this minute this is, from 1 on; and how many were left out of the minute that it ended.</returns>
    private (int Number, int LeftOut) Count(int kind)
    {
        lock (_gate)
        {
            ref Turn turn = ref CollectionsMarshal.GetValueRefOrAddDefault(_turns, kind, out bool known);
            long now = _time.GetTimestamp();
            int leftOut = 0;
            if (!known || _time.GetElapsedTime(turn.Start, now) >= Minute)
            {
                leftOut = Math.Max(turn.Count - MostPerMinute - 1, 0);
                turn = new Turn(now, 0);
            }
            turn = turn with { Count = turn.Count == int.MaxValue ? turn.Count : turn.Count + 1 };
            return (turn.Count, leftOut);
        }
    }

    /// <summary>A minute of one kind.</summary>
    private readonly record struct Turn(long Start, int Count);
}
