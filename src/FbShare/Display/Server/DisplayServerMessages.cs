using FbShare.Pictures;
using Microsoft.Extensions.Logging;

namespace FbShare.Display.Server;

internal static partial class DisplayServerMessages
{
    [LoggerMessage(LogLevel.Warning, "display: refused {Client} of user {User}: only user {Own} and root may connect")]
    public static partial void UserRefused(this ILogger log, string client, uint user, uint own);

    [LoggerMessage(LogLevel.Warning, "display: refused {Client}: {Most} clients are connected already, and more are let in when one leaves")]
    public static partial void ClientRefused(this ILogger log, string client, int most);

    [LoggerMessage(LogLevel.Warning, "display: a client was turned away: {Reason}")]
    public static partial void ClientTurnedAway(this ILogger log, string reason);

    [LoggerMessage(LogLevel.Warning, "display: a client could not be accepted: {Reason}")]
    public static partial void ClientNotAccepted(this ILogger log, string reason);

    [LoggerMessage(LogLevel.Warning, "display: {Client} could not be served: {Reason}")]
    public static partial void ClientNotServed(this ILogger log, string client, string reason);

    [LoggerMessage(LogLevel.Warning, "display: {Client} is dismissed: {Reason}")]
    public static partial void ClientDismissed(this ILogger log, string client, string reason);

    [LoggerMessage(LogLevel.Warning, "display: {Client}'s listener on output {Output} could not be reached: {Reason}")]
    public static partial void ListenerNotReached(this ILogger log, string client, int output, string reason);

    [LoggerMessage(LogLevel.Warning, "display: dropped {Client} from output {Output}: it {Debt} for {Seconds:0.#} s")]
    public static partial void ListenerDropped(this ILogger log, string client, int output, string debt, double seconds);

    [LoggerMessage(LogLevel.Warning, "display: {Client} cannot be shown output {Output} any more and is disconnected: {Reason}")]
    public static partial void ListenerDisconnected(this ILogger log, string client, int output, string reason);

    [LoggerMessage(LogLevel.Information, "display: {Client} could not use output {Output} ({Layout}) as a dma-buf, so the picture is copied for it: {Reason}")]
    public static partial void DmaBufRefused(this ILogger log, string client, int output, FrameLayout layout, string reason);

    [LoggerMessage(LogLevel.Information, "display: {Client} could not map output {Output} ({Layout}), so its pixels are sent in messages: {Reason}")]
    public static partial void MapRefused(this ILogger log, string client, int output, FrameLayout layout, string reason);

    [LoggerMessage(
        LogLevel.Warning,
        "display: {Client} sees nothing of output {Output}: a picture of {Width}x{Height} does not fit into one D-Bus message, and this listener takes pictures in no other way ({Interface})")]
    public static partial void PictureTooLarge(this ILogger log, string client, int output, int width, int height, string @interface);
}
