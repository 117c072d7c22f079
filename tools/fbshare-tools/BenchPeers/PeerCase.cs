namespace FbShare.Tools.BenchPeers;

/// <summary>One way to show a guest. Its programs run in a folder of the case's own, so that sockets are plain names here;
/// <c>fbshare</c> and <c>vhost-user-gpu</c> are <see cref="PeerPrograms"/>'.</summary>
/// <param name="Name">For the command line and the table.</param>
/// <param name="Setting">Who looks.</param>
/// <param name="About">What it is, for --help.</param>
internal sealed record PeerCase(string Name, PeerSetting Setting, string About)
{
    private static readonly string[] ChardevOfDevice = ["-chardev", $"socket,id=gpu,path={DeviceSocket}"];

    private static readonly string[] Builtin = ["-device", "virtio-gpu-pci,xres=1920,yres=1080"];
    private static readonly string[] Blob = [.. ChardevOfDevice, "-device", "vhost-user-test-device-pci,chardev=gpu,virtio-id=16,num_vqs=2,vq_size=256,config_size=16"];
    private static readonly string[] Pci = ["-device", $$$"""{"driver":"vfio-user-pci","socket":{"type":"unix","path":"{{{DeviceSocket}}}"}}"""];
    private static readonly string[] TwoD = [.. ChardevOfDevice, "-device", "vhost-user-gpu-pci,chardev=gpu,xres=1920,yres=1080"];

    private static readonly string[] Serve = [PeerPrograms.FbShare, "serve", "-q", "--socket-path", DeviceSocket, "--size", "1920x1080"];
    private static readonly string[] ServePci = [PeerPrograms.FbShare, "serve", "-q", "--vfio-user", DeviceSocket, "--size", "1920x1080"];
    private static readonly string[] Serve2D = [.. Serve, "--no-blob", "--no-forward"];
    private static readonly string[] ToDisplay = ["--display", "unix:display"];
    private static readonly string[] View = [PeerPrograms.FbShare, "view", "-v", "--scale", "1:1", "--display"];

    /// <summary>The socket that a device of its own process waits at for QEMU.</summary>
    public const string DeviceSocket = "gpu";

    /// <summary>All, in the order of the table.</summary>
    public static IReadOnlyList<PeerCase> All { get; } =
    [
        new("builtin", PeerSetting.NobodyLooks, "QEMU's virtio-gpu-pci") { Qemu = Builtin },
        new("busy", PeerSetting.NobodyLooks, "FbShare's, but the guest computes and flips nothing, for comparison: what QEMU spends on such a guest's clocks "
            + "anyway. Counted as one flip a second") { Qemu = Blob, Device = Serve, OnlyComputes = true },
        new("contrib", PeerSetting.NobodyLooks, "QEMU's own vhost-user back-end (contrib/vhost-user-gpu)")
        {
            Qemu = TwoD,
            Device = [PeerPrograms.VhostUserGpu, "--socket-path", DeviceSocket],
        },
        new("blob", PeerSetting.NobodyLooks, "FbShare, vhost-user, blob resources") { Qemu = Blob, Device = Serve },
        new("pci", PeerSetting.NobodyLooks, "FbShare, a whole PCI device (vfio-user), blob resources") { Qemu = Pci, Device = ServePci },
        new("pci-bare", PeerSetting.NobodyLooks, "the same without the boot screen, so that QEMU need not wait for the answer to a kick") { Qemu = Pci, Device = [.. ServePci, "--no-boot-screen"] },
        new("2d", PeerSetting.NobodyLooks, "FbShare, 2D resources (vhost-user-gpu-pci)") { Qemu = TwoD, Device = Serve2D },
        new("blob-dump", PeerSetting.NoWindow, "FbShare, blob resources, a consumer in the device that has every frame copied")
        {
            Qemu = Blob,
            Device = [.. Serve, "--path", "copy", "--dump-to", "frame.png", "--dump-when", "frame:1000000"],
        },
        new("watch", PeerSetting.NoWindow, "FbShare, blob resources, a process that is told of every frame and reads none (fbshare dump --wait-still): by dma-buf "
            + "where the host has udmabuf, else every frame is copied for it")
        {
            Qemu = Blob,
            Device = [.. Serve, .. ToDisplay],
            Viewer = [PeerPrograms.FbShare, "dump", "-q", .. ToDisplay, "--wait-still", "3600s", "--timeout", "3600s", "-o", "frame.png"],
        },
        new("gtk", PeerSetting.Window, "QEMU's virtio-gpu-pci and its own window") { Qemu = Builtin, Display = ["-display", "gtk,gl=off,show-menubar=off,zoom-to-fit=on"] },
        new("sdl", PeerSetting.Window, "the same by SDL") { Qemu = Builtin, Display = ["-display", "sdl,gl=off"] },
        new("vnc", PeerSetting.Window, "QEMU's virtio-gpu-pci, QEMU's VNC server and the TigerVNC viewer")
        {
            Qemu = Builtin,
            Display = ["-display", "none", "-vnc", "unix:vnc"],
            Viewer = ["xtigervncviewer", "-Shared", "-geometry", "1920x1080+0+0", "./vnc"],
            ViewerSocket = "vnc",
        },
        new("dbus-view", PeerSetting.Window, "QEMU's virtio-gpu-pci, QEMU's D-Bus display and fbshare view")
        {
            Qemu = Builtin,
            Display = ["-display", "dbus,p2p=yes", "-qmp", "unix:qmp,server=on,wait=off"],
            Viewer = [.. View, "qmp:qmp"],
            ViewerSocket = "qmp",
        },
        new("view", PeerSetting.Window, "FbShare, blob resources, and fbshare view") { Qemu = Blob, Device = [.. Serve, .. ToDisplay], Viewer = [.. View, "unix:display"] },
        new("2d-view", PeerSetting.Window, "FbShare, 2D resources, and fbshare view") { Qemu = TwoD, Device = [.. Serve2D, .. ToDisplay], Viewer = [.. View, "unix:display"] },
        new("gtk-wayland", PeerSetting.WaylandWindow, "QEMU's virtio-gpu-pci and its own window") { Qemu = Builtin, Display = ["-display", "gtk,gl=off,show-menubar=off,zoom-to-fit=on"] },
        new("view-wayland", PeerSetting.WaylandWindow, "FbShare, blob resources, and fbshare view") { Qemu = Blob, Device = [.. Serve, .. ToDisplay], Viewer = [.. View, "unix:display"] },
        new("builtin-blob", PeerSetting.UdmaBufHost, "QEMU's virtio-gpu-pci,blob=true") { Qemu = ["-device", "virtio-gpu-pci,blob=true,xres=1920,yres=1080"] },
    ];

    /// <summary>QEMU's arguments for the virtio-gpu.</summary>
    public required IReadOnlyList<string> Qemu { get; init; }

    /// <summary>QEMU's arguments for its display.</summary>
    public IReadOnlyList<string> Display { get; init; } = ["-display", "none"];

    /// <summary>The device's command line, where it is a process of its own.</summary>
    public IReadOnlyList<string>? Device { get; init; }

    /// <summary>The command line of a process that looks.</summary>
    public IReadOnlyList<string>? Viewer { get; init; }

    /// <summary>The socket that <see cref="Viewer"/> goes to, where it is there only once QEMU has started.</summary>
    public string? ViewerSocket { get; init; }

    /// <summary>Whether the guest only computes, and flips nothing.</summary>
    public bool OnlyComputes { get; init; }

    public bool HasWindow => Setting is PeerSetting.Window or PeerSetting.WaylandWindow;

    /// <summary>The first program that it needs and this machine lacks; null if it has all.</summary>
    public string? FindMissingProgram()
    {
        IEnumerable<string> needed = Setting switch
        {
            PeerSetting.Window => ["Xvfb", "xdotool"],
            PeerSetting.WaylandWindow => ["Xvfb", "weston"],
            _ => [],
        };
        if (Viewer is [var viewer, ..] && viewer != PeerPrograms.FbShare)
        {
            needed = needed.Append(viewer);
        }
        return needed.FirstOrDefault(program => !Programs.IsHere(program));
    }
}
