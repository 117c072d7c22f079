using Microsoft.Extensions.Logging;

namespace FbShare.Virtio;

internal static partial class FrontEndMessages
{
    [LoggerMessage(LogLevel.Debug, "front-end connected")]
    public static partial void FrontEndConnected(this ILogger log);

    [LoggerMessage(LogLevel.Warning, "front-end dismissed: {Reason}")]
    public static partial void FrontEndDismissed(this ILogger log, string reason);

    [LoggerMessage(LogLevel.Information, "this device goes on where another one stopped")]
    public static partial void FrontEndResumed(this ILogger log);

    [LoggerMessage(LogLevel.Warning, "guest memory cannot be taken over from the device that stopped: {Reason}; reset the machine")]
    public static partial void MemoryNotResumed(this ILogger log, string reason);

    [LoggerMessage(LogLevel.Warning, "what the device that stopped has left cannot be read: {Reason}; the guest's screen is back after a reset of the machine")]
    public static partial void StateNotResumed(this ILogger log, string reason);

    [LoggerMessage(LogLevel.Debug, "front-end gone")]
    public static partial void FrontEndGone(this ILogger log);

    [LoggerMessage(LogLevel.Warning, "a second front-end was turned away: the device has one already")]
    public static partial void SecondFrontEnd(this ILogger log);

    [LoggerMessage(LogLevel.Warning, "a front-end was turned away: {Reason}")]
    public static partial void FrontEndTurnedAway(this ILogger log, string reason);

    [LoggerMessage(LogLevel.Warning, "a front-end could not be accepted: {Reason}")]
    public static partial void FrontEndNotAccepted(this ILogger log, string reason);
}
