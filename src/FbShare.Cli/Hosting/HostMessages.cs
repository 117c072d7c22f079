using Microsoft.Extensions.Logging;

namespace FbShare.Cli.Hosting;

internal static partial class HostMessages
{
    [LoggerMessage(LogLevel.Debug, "QEMU's monitor: {Reason}")]
    public static partial void MonitorClosed(this ILogger log, string reason);

    [LoggerMessage(LogLevel.Debug, "QEMU: {Name}")]
    public static partial void QemuEvent(this ILogger log, string name);

    [LoggerMessage(LogLevel.Warning, "{Reason}")]
    public static partial void MigrationStopped(this ILogger log, string reason);
}
