using FbShare.Cli.Qemu;

namespace FbShare.QemuTests.Testbed;

/// <summary>Memory that moves under a real guest whose own pages are seen as udmabufs, over both transports: whatever went and came, the next picture
/// is the guest's.</summary>
[Collection(TestbedCollection.Name)]
[Trait("Category", "Testbed")]
[Trait("Category", "Nested")]
[Trait("Category", "Slow")]
public sealed class NestedMemoryTests
{
    /// <summary>One boot, and the scenes one after the other: what one leaves with the guest's kernel the next one must get along with.</summary>
    [NestedTheory(Needs.Blob | Needs.Pci)]
    [InlineData(false)]
    [InlineData(true)]
    public void Whatever_memory_goes_and_comes_the_picture_is_the_guest_s(bool pci)
    {
        using var guest = new Guest(MovingMemory.Options(NestedGuests.Options with { Gpu = pci ? GpuKind.Pci : GpuKind.Blob }));
        using var screen = new GuestScreen(guest);
        var memory = new MovingMemory(guest, screen.AssertSees, NestedGuests.Patience);
        memory.UnplugAndReplug(3);
        if (!pci)
        {
            // QEMU gives no memory back beside a vfio-user device, so that nothing comes apart there.
            memory.ReportFreePages(3);
        }
        memory.Reset();
        memory.StartAnotherKernel();
        memory.UnplugDimm();
    }
}
