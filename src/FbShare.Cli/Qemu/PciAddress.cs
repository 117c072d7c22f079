using System.Text.Json;

namespace FbShare.Cli.Qemu;

/// <summary>Finds a device on the PCI buses of a QEMU.</summary>
internal static class PciAddress
{
    /// <summary>Finds a device in what query-pci returned (qapi/pci.json).</summary>
    /// <param name="id">The device's id on the command line.</param>
    /// <returns>The address in the form that QEMU's own display uses (ui/util.c): <c>pci/0000/02.0</c>, behind a bridge <c>pci/0000/02.0/00.0</c>;
    /// null if there is no such device.</returns>
    public static string? Find(JsonElement buses, string id)
    {
        foreach (JsonElement bus in buses.EnumerateArray())
        {
            if (FindOn(bus, "pci/0000", id) is { } found)
            {
                return found;
            }
        }
        return null;
    }

    private static string? FindOn(JsonElement bus, string path, string id)
    {
        if (!bus.TryGetProperty("devices", out JsonElement devices))
        {
            return null;
        }
        foreach (JsonElement device in devices.EnumerateArray())
        {
            string here = $"{path}/{device.GetProperty("slot").GetInt32():x2}.{device.GetProperty("function").GetInt32():x}";
            if (device.GetProperty("qdev_id").GetString() == id)
            {
                return here;
            }
            if (device.TryGetProperty("pci_bridge", out JsonElement bridge) && FindOn(bridge, here, id) is { } found)
            {
                return found;
            }
        }
        return null;
    }
}
