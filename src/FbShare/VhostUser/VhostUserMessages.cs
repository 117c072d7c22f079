using Microsoft.Extensions.Logging;

namespace FbShare.VhostUser;

internal static partial class VhostUserMessages
{
    /// <summary>Memory that is not sealed, too.</summary>
    [LoggerMessage(LogLevel.Warning, "front-end: {Request} refused: {Reason}")]
    public static partial void RequestRefused(this ILogger log, string request, string reason);

    /// <summary>QEMU's vhost-user-gpu-pci does this always.</summary>
    [LoggerMessage(LogLevel.Debug, "front-end: features 0x{Features:x} were acknowledged but not offered; they are ignored")]
    public static partial void FeaturesNotOffered(this ILogger log, ulong features);

    [LoggerMessage(LogLevel.Debug, "guest was reset")]
    public static partial void GuestWasReset(this ILogger log);

    [LoggerMessage(LogLevel.Warning, "guest broke queue {Queue}: {Reason}; it is ignored until the guest is reset")]
    public static partial void QueueBroken(this ILogger log, int queue, string reason);

    /// <summary>Happens whenever QEMU ends.</summary>
    [LoggerMessage(LogLevel.Debug, "pictures are no longer forwarded to QEMU's own display: {Reason}")]
    public static partial void ForwardingEnded(this ILogger log, string reason);
}
