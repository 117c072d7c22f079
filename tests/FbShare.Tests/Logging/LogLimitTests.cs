using FbShare.Logging;
using Microsoft.Extensions.Logging;

namespace FbShare.Tests.Logging;

/// <summary>Nobody can fill the log, and nobody can keep what is new out of it.</summary>
public sealed class LogLimitTests
{
    private static readonly EventId Refused = new(1, "Refused");
    private static readonly EventId Gone = new(2, "Gone");

    private readonly RecordingLogger _log = new();
    private readonly SetClock _clock = new();

    [Fact]
    public void Of_one_kind_twenty_messages_pass_in_a_minute_and_the_next_one_says_that_more_are_left_out()
    {
        var limit = new LogLimit(_log, _clock);
        Write(limit, Refused, 10_000);

        Assert.Equal(LogLimit.MostPerMinute + 1, _log.Count);
        Assert.Equal(["message 1", "message 20"], [_log[0], _log[19]]);
        Assert.StartsWith("message 21 (this came more than twenty times within a minute", _log[20], StringComparison.Ordinal);
    }

    [Fact]
    public void After_a_minute_it_is_told_how_many_were_left_out_and_messages_pass_again()
    {
        var limit = new LogLimit(_log, _clock);
        Write(limit, Refused, 10_000);
        _clock.Now = TimeSpan.FromSeconds(59);
        Write(limit, Refused, 1);
        Assert.Equal(LogLimit.MostPerMinute + 1, _log.Count);

        _clock.Now = TimeSpan.FromSeconds(60);
        Write(limit, Refused, 1);

        Assert.Equal(["9980 messages like the next one were left out before it", "message 1"], _log.Skip(LogLimit.MostPerMinute + 1));
        Assert.Equal(LogLevel.Warning, _log.LevelOf("9980 messages"));
    }

    [Fact]
    public void A_minute_that_was_quiet_enough_leaves_nothing_to_tell()
    {
        var limit = new LogLimit(_log, _clock);
        Write(limit, Refused, LogLimit.MostPerMinute);
        _clock.Now = TimeSpan.FromMinutes(2);
        Write(limit, Refused, 1);
        Assert.Equal("message 1", _log[^1]);
        Assert.Equal(LogLimit.MostPerMinute + 1, _log.Count);
    }

    [Fact]
    public void One_kind_leaves_another_its_room()
    {
        var limit = new LogLimit(_log, _clock);
        Write(limit, Refused, 1000);
        limit.Log(LogLevel.Warning, Gone, "gone", null, (text, _) => text);
        Assert.Equal("gone", _log[^1]);
        Assert.Equal(2, limit.KindCount);
    }

    [Fact]
    public void Details_that_nobody_sees_are_neither_made_nor_counted()
    {
        var log = new RecordingLogger { Least = LogLevel.Warning };
        var limit = new LogLimit(log, _clock);
        for (int i = 0; i < 100; i++)
        {
            limit.Log(LogLevel.Debug, Refused, i, null, (_, _) => throw new InvalidOperationException("made"));
        }
        Assert.Equal(0, limit.KindCount);
        Write(limit, Refused, 1);
        Assert.Equal(["message 1"], log);
    }

    [Fact]
    public void A_limit_is_not_put_around_another()
    {
        var limit = new LogLimit(_log, _clock);
        Assert.Same(limit, LogLimit.Around(limit));
    }

    [Fact]
    public void Any_number_of_kinds_takes_little_memory_and_a_new_one_is_always_told()
    {
        var told = new OncePerKind<int>();
        for (int kind = 0; kind < 60_000; kind++)
        {
            Assert.True(told.IsFirst(kind));
            Assert.False(told.IsFirst(kind));
            Assert.InRange(told.Count, 1, OncePerKind<int>.Most);
        }
    }

    [Fact]
    public void A_defect_is_told_with_its_trace_once_and_then_by_how_often_it_came()
    {
        var defects = new DefectLog(_log);
        for (int i = 0; i < 1000; i++)
        {
            defects.Report("client dismissed", Thrown());
        }
        Assert.Equal(1000, defects.Count);
        Assert.Single(_log, l => l.StartsWith("client dismissed: an error in fbshare itself, please report it: System.FormatException: odd", StringComparison.Ordinal) && l.Contains("   at ", StringComparison.Ordinal));
        Assert.Contains("client dismissed: the same error in fbshare again, 2 times so far: odd", _log);
        Assert.InRange(_log.Count, 2, LogLimit.MostPerMinute + 2);

        static FormatException Thrown()
        {
            try
            {
                throw new FormatException("odd");
            }
            catch (FormatException e)
            {
                return e;
            }
        }
    }

    private static void Write(LogLimit limit, EventId kind, int count)
    {
        for (int i = 1; i <= count; i++)
        {
            limit.Log(LogLevel.Warning, kind, i, null, (number, _) => $"message {number}");
        }
    }

    private sealed class SetClock : TimeProvider
    {
        public TimeSpan Now { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }
}
