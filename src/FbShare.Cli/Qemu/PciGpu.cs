using System.Globalization;
using System.Text.Json;

namespace FbShare.Cli.Qemu;

/// <summary>The arguments of QEMU's for a whole PCI device of another process.</summary>
internal static class PciGpu
{
    /// <summary>The driver's name.</summary>
    public const string Driver = "vfio-user-pci";

    /// <summary>How long QEMU is to wait for an answer: a day, in ms. Of a device that has ended it knows at once anyway. By itself it waits for 5 s, and an
    /// answer that comes after that breaks the connection for good, and the guest's screen with it ("unexpected reply", hw/vfio-user/proxy.c).</summary>
    private const int AnswerTime = 24 * 60 * 60 * 1000;

    /// <summary>What <c>-device</c> takes. The socket can be given only as JSON.</summary>
    /// <param name="socket">Path of the one that the device listens at.</param>
    /// <param name="id">What the device is called; null: nothing.</param>
    public static string ToArgument(string socket, string? id = null) => string.Create(
        CultureInfo.InvariantCulture,
        $$"""{"driver":"{{Driver}}",{{(id is null ? "" : $"\"id\":\"{id}\",")}}"socket":{"type":"unix","path":"{{JsonEncodedText.Encode(socket)}}"},"x-msg-timeout":{{AnswerTime}}}""");
}
