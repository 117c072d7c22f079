using Microsoft.Extensions.Logging;

namespace FbShare.VirtioGpu;

internal static partial class VirtioGpuMessages
{
    [LoggerMessage(LogLevel.Warning, "guest: {Command}: {Error}: {Reason} (further ones of this kind are not logged)")]
    public static partial void CommandRefused(this ILogger log, CommandType command, ResponseType error, string reason);

    [LoggerMessage(LogLevel.Warning, "guest: {Error}: {Reason} (further ones of this kind are not logged)")]
    public static partial void NoCommandRefused(this ILogger log, ResponseType error, string reason);
}
