using FbShare.Cli.Qemu;
using FbShare.Display.Server;

namespace FbShare.QemuTests;

/// <summary>Which guest in which QEMU.</summary>
internal sealed record GuestOptions
{
    public string Qemu { get; init; } = TestMachine.Qemu;

    public string Memory { get; init; } = "512M";

    /// <summary>What <c>-m</c> says besides, so that memory can be added while the guest runs.</summary>
    public string? RoomForMemory { get; init; }

    public bool HugePages { get; init; }

    /// <summary>Which device; the whole PCI device is what users get.</summary>
    public GpuKind Gpu { get; init; } = GpuKind.Pci;

    /// <summary>The device offers no blobs, so that the guest uses 2D resources on it.</summary>
    public bool NoBlobs { get; init; }

    public int Outputs { get; init; } = 1;

    /// <summary>The screen's size: of the device, or with the 2D device QEMU's xres and yres, which are to count more.</summary>
    public (int Width, int Height)? Size { get; init; }

    public double? RefreshHz { get; init; } = 60;

    /// <summary>Boot firmware instead of the test guest.</summary>
    public bool FirmwareOnly { get; init; }

    /// <summary>The guest has what it takes to start its kernel anew, without its firmware.</summary>
    public bool CanKexec { get; init; }

    /// <summary>Boot the test guest from this CD instead of directly.</summary>
    public string? BootImage { get; init; }

    /// <summary>With <see cref="FirmwareOnly"/>: QEMU's own BIOS instead of UEFI.</summary>
    public bool Bios { get; init; }

    /// <summary>How long the guest may take for what is asked of it.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>How long a viewer may take to answer the device.</summary>
    public TimeSpan DisplayPatience { get; init; } = DisplayServer.DefaultPatience;

    /// <summary>A keyboard and a pointer, which the display's clients move.</summary>
    public bool Input { get; init; }

    /// <summary>Which pointer: a tablet, which takes places, or a mouse, which takes movements.</summary>
    public string Pointer { get; init; } = "virtio-tablet-pci";

    public string[] MoreArguments { get; init; } = [];
}
