using FbShare.Capture;
using FbShare.Display;
using FbShare.Display.Server;
using FbShare.Keeping;
using FbShare.Linux;
using FbShare.VirtioGpu;

namespace FbShare.Cli.Hosting;

/// <summary>What a device serves, and where; just one of <see cref="SocketPath"/>, <see cref="Fd"/> and <see cref="VfioUserPath"/>.</summary>
internal sealed record DeviceOptions
{
    public GpuOptions Gpu { get; init; } = new();

    /// <summary>Listen here for a front-end.</summary>
    public string? SocketPath { get; init; }

    /// <summary>Listen here for a vfio-user client: the device is a whole PCI function then.</summary>
    public string? VfioUserPath { get; init; }

    /// <summary>With <see cref="VfioUserPath"/>: the boot screen's expansion ROM, empty for none; null for no boot screen.</summary>
    public ReadOnlyMemory<byte>? BootRom { get; init; }

    /// <summary>Serve this connected front-end, then end.</summary>
    public int? Fd { get; init; }

    /// <summary>End with the first front-end.</summary>
    public bool Once { get; init; }

    /// <summary>Forward pictures to QEMU's own display where it asks for them (vhost-user-gpu-pci).</summary>
    public bool Forward { get; init; } = true;

    /// <summary>Where org.qemu.Display1 is served to viewers.</summary>
    public DisplayPlace Display { get; init; } = DisplayPlace.None;

    /// <summary>The process that a user ends or upgrades: this one, or its keeper.</summary>
    public int ProcessId { get; init; } = Environment.ProcessId;

    /// <summary>How long a viewer may take to answer.</summary>
    public TimeSpan DisplayPatience { get; init; } = DisplayServer.DefaultPatience;

    /// <summary>The machine's name as viewers show it.</summary>
    public VirtualMachineName Name { get; init; } = new("guest", Guid.Empty);

    /// <summary>Which path to take to viewers.</summary>
    public PathRequest Path { get; init; } = PathRequest.Default;

    public DumpOptions? Dump { get; init; }

    /// <summary>Whether a line about that picture is a message: stdout is the guest's.</summary>
    public bool TellsByLog { get; init; }

    /// <summary>Listen here for QEMU's monitor: keys and pointers of viewers go there.</summary>
    public string? MonitorPath { get; init; }

    /// <summary>How its process is confined.</summary>
    public SandboxMode Sandbox { get; init; }

    /// <summary>/dev/udmabuf, if it was opened before this process became somebody who may not; the device's from here on.</summary>
    public FileDescriptor? UdmaBuf { get; init; }

    /// <summary>Keeps what the next device needs if this one dies; null for none.</summary>
    public Keeper? Keeper { get; init; }

    /// <summary>Sockets that the service manager listens at for this device, used where they are at a path that is named here; the caller's. Null for none.</summary>
    public HandedDescriptors? Handed { get; init; }
}

/// <summary>A picture to be written while the device runs.</summary>
internal sealed record DumpOptions(PictureOutput To, DumpTrigger Trigger, int Output, bool Cursor);
