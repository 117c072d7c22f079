using System.Globalization;
using FbShare.Cli.Qemu;

namespace FbShare.QemuTests.Testbed;

/// <summary>A guest whose own pages are seen as udmabufs and that has a device of the host's: vfio pins all of its memory, udmabuf what is shown.</summary>
[Collection(TestbedCollection.Name)]
[Trait("Category", "Testbed")]
[Trait("Category", "Nested")]
[Trait("Category", "Slow")]
public sealed class NestedVfioTests
{
    [NestedVfioFact(Needs.Blob | Needs.HugePages)]
    public void Both_pin_the_same_pages_whichever_comes_first()
    {
        using var guest = new Guest(NestedGuests.Options with { Gpu = GpuKind.Blob, RoomForMemory = "slots=1,maxmem=4G", MoreArguments = ["-device", "pcie-root-port,id=below"] });
        using var screen = new GuestScreen(guest);

        // The picture first: its pages are pinned a second time where they are.
        FlipAndSee(12);
        Assert.Equal(0, Locked(guest));
        guest.Monitor.Execute("device_add", json =>
        {
            json.WriteString("driver", "vfio-pci");
            json.WriteString("id", "passed-on");
            json.WriteString("bus", "below");
            json.WriteString("host", NestedVfioFactAttribute.Device);
        });
        Assert.InRange(Locked(guest), 512L << 20, 600L << 20);
        screen.AssertSees(TestCard.Full(1280, 800, 12));
        guest.EndCard();

        // The device first: udmabufs of pages that it has pinned.
        long before = screen.Imports;
        FlipAndSee(20);
        Assert.True(screen.Imports > before, "the pictures lie in the buffers of before, so that nothing was tried");
        guest.EndCard();

        // Huge pages, which the device pins as they come.
        guest.TakeMemoryAs(AddedMemory.Kernel);
        guest.AddDimm("huge", 128 << 20, NestedGuests.Patience, hugePages: true);
        Assert.InRange(Locked(guest), 640L << 20, 728L << 20);
        FlipAndSee(31);
        Assert.True(guest.CountShownIn("huge") > 0, "the guest shows nothing that lies in huge pages");
        guest.EndCard();

        void FlipAndSee(int frames)
        {
            screen.Show(string.Create(CultureInfo.InvariantCulture, $"card flip 3 full --frames {frames}"), "card: flipped");
            screen.AssertSees(TestCard.Full(1280, 800, (uint)frames));
        }
    }

    /// <summary>How much memory of QEMU's is pinned for vfio, which counts it as locked.</summary>
    private static long Locked(Guest guest) => File.ReadLines($"/proc/{guest.ProcessId}/status").Where(line => line.StartsWith("VmLck:", StringComparison.Ordinal))
        .Select(line => long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) << 10).Single();
}

/// <summary>Runs where that is so, and a device can be given to guests.</summary>
internal sealed class NestedVfioFactAttribute : FactAttribute
{
    private const string Driver = "/sys/bus/pci/drivers/vfio-pci";

    public NestedVfioFactAttribute(Needs needs) => Skip = NestedFactAttribute.Missing(needs) ?? (Device is null ? "no device that is vfio-pci's (tools/testbed --iommu)" : null);

    /// <summary>The PCI address of a device that may be given to a guest.</summary>
    public static string? Device { get; } = Directory.Exists(Driver)
        ? Directory.GetFileSystemEntries(Driver, "????:??:??.?").Select(Path.GetFileName).Order(StringComparer.Ordinal).FirstOrDefault()
        : null;
}
