using Microsoft.Extensions.Logging;

namespace FbShare.VirtioPci;

internal static partial class VirtioPciMessages
{
    [LoggerMessage(LogLevel.Warning, "guest: its features are refused: {Reason}")]
    public static partial void FeaturesRefused(this ILogger log, string reason);

    [LoggerMessage(LogLevel.Warning, "guest broke queue {Queue}: {Reason}; it is ignored until the guest is reset")]
    public static partial void QueueBroken(this ILogger log, int queue, string reason);

    [LoggerMessage(LogLevel.Warning, "guest: queue {Queue} cannot start: {Reason}")]
    public static partial void QueueNotStarted(this ILogger log, int queue, string? reason);
}
