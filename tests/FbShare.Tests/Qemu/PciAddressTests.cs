using System.Text.Json;
using FbShare.Cli.Qemu;
using FbShare.Qemu;
using Xunit;

namespace FbShare.Tests.Qemu;

public class PciAddressTests
{
    /// <summary>What QEMU 11.1 returned, shortened to what matters.</summary>
    private const string Buses = """
        [{"bus": 0, "devices": [
          {"bus": 0, "slot": 0, "function": 0, "qdev_id": ""},
          {"bus": 0, "slot": 26, "function": 1, "qdev_id": "gpu"},
          {"bus": 0, "slot": 3, "function": 0, "qdev_id": "port", "pci_bridge": {"bus": {"number": 1}, "devices": [
            {"bus": 1, "slot": 0, "function": 0, "qdev_id": "behind"}]}},
          {"bus": 0, "slot": 4, "function": 0, "qdev_id": "empty", "pci_bridge": {"bus": {"number": 2}}}]}]
        """;

    [Theory]
    [InlineData("gpu", "pci/0000/1a.1")]
    [InlineData("behind", "pci/0000/03.0/00.0")]
    [InlineData("elsewhere", null)]
    public void A_device_is_found_by_its_id(string id, string? address)
    {
        using JsonDocument json = JsonDocument.Parse(Buses);
        Assert.Equal(address, PciAddress.Find(json.RootElement, id));
    }
}
