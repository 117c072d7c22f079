using Microsoft.Extensions.Logging;

namespace FbShare.VfioUser;

internal static partial class VfioUserMessages
{
    /// <summary>A detail: the client has the error number and decides; QEMU asks for what a device may lack.</summary>
    [LoggerMessage(LogLevel.Debug, "client: {Command} refused: {Error} (further ones of this kind are not logged)")]
    public static partial void CommandRefused(this ILogger log, string command, string error);

    [LoggerMessage(LogLevel.Warning, "client: it speaks vfio-user {Major}.{Minor}, this is {OurMajor}.{OurMinor}")]
    public static partial void VersionRefused(this ILogger log, ushort major, ushort minor, ushort ourMajor, ushort ourMinor);

    [LoggerMessage(LogLevel.Warning, "client: memory refused: {Reason}")]
    public static partial void MemoryRefused(this ILogger log, string reason);

    [LoggerMessage(LogLevel.Warning, "guest memory of {Size} bytes at 0x{Address:x} cannot be shared: it comes without a file; use {Cure}")]
    public static partial void MemoryWithoutFile(this ILogger log, ulong size, ulong address, string cure);

    [LoggerMessage(LogLevel.Debug, "device reset")]
    public static partial void DeviceReset(this ILogger log);
}
