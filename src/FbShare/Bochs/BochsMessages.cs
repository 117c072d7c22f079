using FbShare.Pictures;
using Microsoft.Extensions.Logging;

namespace FbShare.Bochs;

internal static partial class BochsMessages
{
    [LoggerMessage(LogLevel.Debug, "boot screen: {Mode}")]
    public static partial void ModeSet(this ILogger log, FrameLayout mode);
}
