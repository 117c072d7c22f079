using FbShare.Cli.Qemu;

namespace FbShare.QemuTests;

/// <summary>A guest whose kernel starts another one in its place: nobody resets the machine, and the new kernel takes the shown picture's memory as it likes
/// before it comes to the device.</summary>
public sealed class KexecTests
{
    [QemuTheory(Needs.Blob | Needs.Pci)]
    [InlineData(GpuKind.Pci)]
    [InlineData(GpuKind.Blob)]
    public void The_next_kernel_s_first_picture_is_seen(GpuKind gpu)
    {
        using var guest = new Guest(new GuestOptions { Gpu = gpu, CanKexec = true });
        guest.StartAnotherKernel("card flip 3 full --frames 12", () => guest.AssertShows(TestCard.Full(1280, 800, 12), 1280, 800));
        guest.Ask("card flip 3 full --frames 20", "card: flipped");
        guest.AssertShows(TestCard.Full(1280, 800, 20), 1280, 800);
        guest.EndCard();
    }
}
