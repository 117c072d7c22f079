using FbShare.Cli.Qemu;
namespace FbShare.QemuTests;

/// <summary>A test that boots the test guest in a real QEMU; skipped, and says so, where something for that is missing.</summary>
internal sealed class QemuFactAttribute : FactAttribute
{
    public QemuFactAttribute(Needs needs = Needs.Blob | Needs.Pci)
    {
        Skip = TestMachine.Missing(needs);
    }
}

/// <inheritdoc cref="QemuFactAttribute"/>
internal sealed class QemuTheoryAttribute : TheoryAttribute
{
    public QemuTheoryAttribute(Needs needs) => Skip = TestMachine.Missing(needs);
}

/// <summary>What a test needs besides the guest.</summary>
[Flags]
internal enum Needs
{
    /// <summary>A QEMU with the generic vhost-user device.</summary>
    Blob = 1,

    /// <summary>A QEMU with vhost-user-gpu-pci without KVM.</summary>
    TwoD = 2,

    /// <summary>QEMU 10.0 beside the newest.</summary>
    OlderQemu = 4,

    /// <summary>256 free huge pages of 2 MiB.</summary>
    HugePages = 8,

    /// <summary>UEFI firmware.</summary>
    Firmware = 16,

    /// <summary>A QEMU with vfio-user-pci, and the boot screen's video BIOS.</summary>
    Pci = 32,

    /// <summary>grub-mkrescue with its BIOS modules.</summary>
    Grub = 64,

    /// <summary>memtest86+.</summary>
    MemoryTest = 128,
}
