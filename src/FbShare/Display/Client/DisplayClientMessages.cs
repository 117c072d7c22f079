using Microsoft.Extensions.Logging;

namespace FbShare.Display.Client;

internal static partial class DisplayClientMessages
{
    [LoggerMessage(LogLevel.Debug, "output {Output}: {Reason}")]
    public static partial void MessageRefused(this ILogger log, uint output, string reason);
}
