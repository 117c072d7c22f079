using Microsoft.Extensions.Logging;

namespace FbShare.Cli;

internal static partial class ScreenMessages
{
    [LoggerMessage(LogLevel.Information, "{File} is now a picture of {Width}x{Height}")]
    public static partial void GoldenWritten(this ILogger log, string file, int width, int height);

    [LoggerMessage(LogLevel.Warning, "{Count} of the guest's flushes were not seen: they came faster than they could be read")]
    public static partial void FlushesMissed(this ILogger log, long count);
}
