using Microsoft.Extensions.Logging;

namespace FbShare.Logging;

internal static partial class LoggingMessages
{
    [LoggerMessage(Message = "{Message} (this came more than twenty times within a minute: further messages of its kind are only counted until the minute is over)")]
    public static partial void LastOfItsKind(this ILogger log, LogLevel level, string message);

    [LoggerMessage(Message = "{Count} messages like the next one were left out before it")]
    public static partial void LeftOut(this ILogger log, LogLevel level, int count);

    [LoggerMessage(LogLevel.Warning, "{Consequence}: an error in fbshare itself, please report it: {Defect}")]
    public static partial void NewDefect(this ILogger log, string consequence, string defect);

    [LoggerMessage(LogLevel.Warning, "{Consequence}: the same error in fbshare again, {Times} times so far: {Reason}")]
    public static partial void KnownDefect(this ILogger log, string consequence, int times, string reason);
}
