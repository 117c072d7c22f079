using FbShare.Pictures;
using Microsoft.Extensions.Logging;

namespace FbShare.Display;

internal static partial class DisplayMessages
{
    /// <param name="reason">With its cure.</param>
    [LoggerMessage(LogLevel.Information, "output {Output}: resource {Resource} ({Layout}) is shown by copying, because {Reason}")]
    public static partial void ShownByCopying(this ILogger log, int output, uint resource, FrameLayout layout, string reason);

    /// <inheritdoc cref="ShownByCopying" path="/param"/>
    [LoggerMessage(LogLevel.Warning, "output {Output}: resource {Resource} ({Layout}) cannot be shown, because {Reason}")]
    public static partial void NotShown(this ILogger log, int output, uint resource, FrameLayout layout, string reason);

    [LoggerMessage(LogLevel.Information, "output {Output}: pages of resource {Resource} were replaced in the guest's memory; its dma-bufs were made again")]
    public static partial void DmaBufsMadeAgain(this ILogger log, int output, uint resource);
}
