namespace FbShare.Testing.Machines;

/// <summary>Which machine to start, and with which programs.</summary>
public sealed record GuestMachineOptions
{
    /// <summary>The QEMU program.</summary>
    public string Qemu { get; init; } = "qemu-system-x86_64";

    /// <summary>Arguments for QEMU: memory, disks, CPU. Display, pointer and keyboard are added, unless <see cref="IsStock"/>.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>Arguments for <c>fbshare run</c>, such as <c>--size 1024x768</c> or <c>--device pci</c>.</summary>
    public IReadOnlyList<string> DeviceArguments { get; init; } = [];

    /// <summary>The fbshare program; null: what FBSHARE_PROGRAM names, or else fbshare in PATH.</summary>
    public string? Program { get; init; }

    /// <summary>No FbShare device: a QEMU with the display device that <see cref="Arguments"/> name, and QEMU's own display for clients (<c>-display dbus,p2p=yes</c>).</summary>
    public bool IsStock { get; init; }

    /// <summary>Whether the machine's first serial line is <see cref="GuestMachine.Serial"/>. <see cref="Arguments"/> have none then.</summary>
    public bool HasSerialConsole { get; init; }

    /// <summary>Whether QEMU has a monitor for the test: <see cref="GuestMachine.Monitor"/>.</summary>
    public bool HasMonitor { get; init; }

    /// <summary>Whether to connect to the machine's display: <see cref="GuestMachine.Display"/>. Without, the arguments of one that
    /// <see cref="IsStock"/> say where its screen goes, such as to a device that runs already (<c>-display none</c>).</summary>
    public bool HasDisplay { get; init; } = true;

    /// <summary>How long the display may take to be there.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(30);
}
