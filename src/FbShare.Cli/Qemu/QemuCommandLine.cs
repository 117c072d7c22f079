using System.Diagnostics.CodeAnalysis;
using FbShare.Linux;

namespace FbShare.Cli.Qemu;

/// <summary>What to add to the user's own arguments for a QEMU.</summary>
internal sealed record QemuRequest
{
    /// <summary>The socket where FbShare's device listens.</summary>
    public required string GpuSocket { get; init; }

    /// <summary>The socket that QEMU connects its monitor (QMP) to; null for no monitor.</summary>
    public string? MonitorSocket { get; init; }

    /// <summary>Outputs of the gpu, 1 to 16.</summary>
    public int Outputs { get; init; } = 1;

    /// <summary>Whether the guest's memory is made of 2 MiB huge pages.</summary>
    public bool HugePages { get; init; }

    /// <summary>Which device to use.</summary>
    public GpuKind Gpu { get; init; }
}

/// <summary>The ways in which a QEMU can have FbShare's gpu.</summary>
public enum GpuKind
{
    /// <summary>The best that suits this QEMU and its arguments.</summary>
    Auto,

    /// <summary>A whole PCI device over vfio-user, with a boot screen.</summary>
    Pci,

    /// <summary>A vhost-user device whose features the back-end decides on.</summary>
    Blob,

    /// <summary>QEMU's own device for vhost-user gpus.</summary>
    TwoD,
}

/// <summary>A full QEMU command line with FbShare's gpu in it.</summary>
/// <param name="Arguments">All of them: the user's, then ours.</param>
/// <param name="Gpu">Which device the gpu is; never <see cref="GpuKind.Auto"/>.</param>
/// <param name="MemoryBytes">The size of the guest's memory; null if a memory backend of the user's own gives it.</param>
/// <param name="Notes">What was added or left unchanged and why, one sentence each.</param>
internal sealed record QemuPlan(IReadOnlyList<string> Arguments, GpuKind Gpu, long? MemoryBytes, IReadOnlyList<string> Notes)
{
    /// <summary>The guest's name from the user's -name; null without one.</summary>
    public string? GuestName { get; init; }

    /// <summary>The user's -uuid; zero without one, as in QEMU.</summary>
    public Guid GuestUuid { get; init; }
}

/// <summary>Adds FbShare's gpu to a user's QEMU command line: memory that can be shared, the device, input, and a monitor.</summary>
/// <remarks>A pure function of its arguments, so that every case can be tested.</remarks>
internal sealed class QemuCommandLine
{
    /// <summary>The gpu's id among QEMU's devices.</summary>
    public const string GpuId = "fbshare-gpu0";

    private const string MemoryId = "fbshare-mem";
    private const string DefaultMemory = "1G";

    private static readonly HashSet<string> MemoryDevices = ["pc-dimm", "virtio-mem-pci", "virtio-mem"];

    private static readonly HashSet<string> DisplayDevices =
    [
        "VGA", "secondary-vga", "bochs-display", "cirrus-vga", "qxl", "qxl-vga", "ramfb", "vmware-svga", "ati-vga", "virtio-vga", "virtio-vga-gl",
        "virtio-vga-rutabaga", "virtio-gpu", "virtio-gpu-pci", "virtio-gpu-gl", "virtio-gpu-gl-pci", "virtio-gpu-rutabaga", "virtio-gpu-rutabaga-pci",
    ];

    private static readonly HashSet<string> BalloonDevices =
    [
        "virtio-balloon-pci", "virtio-balloon-pci-transitional", "virtio-balloon-pci-non-transitional", "virtio-balloon", "virtio-balloon-device", "virtio-mem-pci", "virtio-mem",
    ];

    private static readonly HashSet<string> IommuDevices = ["intel-iommu", "amd-iommu", "virtio-iommu-pci", "virtio-iommu", "arm-smmuv3"];

    private static readonly HashSet<string> InputDevices =
    [
        "virtio-keyboard-pci", "virtio-keyboard", "virtio-tablet-pci", "virtio-tablet", "virtio-mouse-pci", "virtio-mouse", "virtio-input-host-pci",
        "virtio-input-host", "virtio-multitouch-pci", "vhost-user-input-pci", "usb-kbd", "usb-mouse", "usb-tablet", "usb-wacom-tablet",
    ];

    private static readonly Version FirstWithReconnectMs = new(9, 2);

    private readonly QemuInfo _qemu;
    private readonly QemuRequest _request;
    private readonly List<QemuOption> _options;
    private readonly List<Dictionary<string, string>> _devices;
    private readonly Dictionary<string, string> _machine = [];
    private readonly List<string> _arguments;
    private readonly List<string> _notes = [];

    private QemuCommandLine(IReadOnlyList<string> arguments, QemuInfo qemu, QemuRequest request)
    {
        _qemu = qemu;
        _request = request;
        _arguments = [.. arguments];
        _options = QemuOption.Parse(arguments);
        _devices = [.. Values("device").Select(o => o.Properties("driver"))];
        foreach (QemuOption machine in Values("machine"))
        {
            foreach ((string key, string value) in machine.Properties("type"))
            {
                _machine[key] = value;
            }
        }
    }

    /// <summary>Makes the full command line.</summary>
    /// <param name="arguments">The user's, without the program itself.</param>
    /// <param name="askKvm">Tells whether KVM can be used here; called only where that matters.</param>
    /// <param name="plan">The result.</param>
    /// <param name="why">One sentence: what is wrong, and what to write instead.</param>
    public static bool TryBuild(
        IReadOnlyList<string> arguments, QemuInfo qemu, Func<Kvm> askKvm, QemuRequest request, [NotNullWhen(true)] out QemuPlan? plan, [NotNullWhen(false)] out string? why)
    {
        var line = new QemuCommandLine(arguments, qemu, request);
        plan = null;
        if ((why = line.RefuseWhatCannotWork()) is not null
            || (why = line.AddMemory(out long? memoryBytes)) is not null
            || (why = line.AddGpu(askKvm, out GpuKind gpu)) is not null)
        {
            return false;
        }
        line.AddInput();
        line.AddDisplay();
        line.AddMonitor();
        line.AddEnd();
        line.CheckKvm(askKvm);
        plan = new QemuPlan(line._arguments, gpu, memoryBytes, line._notes)
        {
            GuestName = line.Values("name").Select(o => o.Properties("guest").GetValueOrDefault("guest")).LastOrDefault(n => n is not null),
            GuestUuid = Guid.TryParse(line.Values("uuid").LastOrDefault().Value, out Guid uuid) ? uuid : Guid.Empty,
        };
        return true;
    }

    private IEnumerable<QemuOption> Values(string name) => _options.Where(o => o.Name == name && o.Value is not null);

    private bool Has(params ReadOnlySpan<string> names)
    {
        foreach (QemuOption option in _options)
        {
            if (names.Contains(option.Name))
            {
                return true;
            }
        }
        return false;
    }

    private static string DriverOf(Dictionary<string, string> device) => device.GetValueOrDefault("driver", "");

    private string? RefuseWhatCannotWork()
    {
        if (Has("daemonize"))
        {
            return "-daemonize does not work with fbshare run, which runs until its QEMU ends: leave it out";
        }
        if (Has("mem-path"))
        {
            return "-mem-path gives the guest memory that is not a memfd and cannot be shared: leave it out (for huge pages: fbshare run --hugetlb)";
        }
        string? own = _devices.Select(DriverOf).FirstOrDefault(IsVhostUserGpu);
        return own is null ? null : $"the command line already has a {own}: leave it and its chardev out, because fbshare run adds them";
    }

    private static bool IsVhostUserGpu(string driver) =>
        driver.StartsWith("vhost-user-gpu", StringComparison.Ordinal) || driver.StartsWith("vhost-user-vga", StringComparison.Ordinal)
        || driver.StartsWith("vhost-user-test-device", StringComparison.Ordinal) || driver is "vhost-user-device" or "vhost-user-device-pci";

    /// <summary>Makes sure that all of the guest's RAM is a sealed, shared memfd; adds one if the user gives no memory backend.</summary>
    private string? AddMemory(out long? bytes)
    {
        bytes = null;
        if (Values("m").LastOrDefault().Value is { } given)
        {
            Dictionary<string, string> memory = new QemuOption("m", given).Properties("size");
            if (!memory.TryGetValue("size", out string? text) || !QemuOption.TryParseSize(text, 'M', out long size))
            {
                return $"-m {given} is not a memory size: write for example -m 2G";
            }
            bytes = size;
        }

        Dictionary<string, Dictionary<string, string>> backends = [];
        foreach (Dictionary<string, string> o in Values("object").Select(o => o.Properties("qom-type")))
        {
            if (o.GetValueOrDefault("qom-type", "").StartsWith("memory-backend-", StringComparison.Ordinal) && o.TryGetValue("id", out string? id))
            {
                backends[id] = o;
            }
        }
        string[] nodes = [.. Values("numa").Select(o => o.Properties("type")).Select(p => p.GetValueOrDefault("memdev")).OfType<string>()];
        string[] hotplugged = [.. _devices.Where(d => MemoryDevices.Contains(DriverOf(d))).Select(d => d.GetValueOrDefault("memdev")).OfType<string>()];
        string? main = _machine.GetValueOrDefault("memory-backend");
        if (main is null && nodes.Length == 0)
        {
            string[] free = [.. backends.Where(b => b.Value["qom-type"] == "memory-backend-memfd").Select(b => b.Key).Except(hotplugged)];
            if (free.Length > 1)
            {
                return $"it is not clear which of {string.Join(", ", free)} is the guest's memory: add for example -machine memory-backend={free[0]}";
            }
            main = free.Length == 1 ? free[0] : null;
            if (main is not null)
            {
                _arguments.AddRange(["-machine", $"memory-backend={main}"]);
                _notes.Add($"the guest's memory is your {main}");
            }
        }
        foreach (string id in new[] { main }.OfType<string>().Concat(nodes).Concat(hotplugged))
        {
            if (backends.TryGetValue(id, out Dictionary<string, string>? backend) && RefuseBackend(id, backend) is { } refusal)
            {
                return refusal;
            }
        }
        if (main is not null || nodes.Length > 0)
        {
            bytes = null;
            return _request.HugePages && !backends.Values.Any(b => b.GetValueOrDefault("hugetlb") is "on" or "yes" or "true" or "y")
                ? "--hugetlb has no effect on a memory backend of your own: write hugetlb=on in your -object, or leave your -object out"
                : null;
        }
        return AddBackend(ref bytes);
    }

    private string? AddBackend(ref long? bytes)
    {
        if (bytes is null)
        {
            _arguments.AddRange(["-m", DefaultMemory]);
            _notes.Add($"no -m given: the guest gets {DefaultMemory}");
            bytes = 1L << 30;
        }
        string hugePages = "";
        if (_request.HugePages)
        {
            if (bytes % HugePages.PageSize != 0)
            {
                return $"--hugetlb needs a memory size that is a multiple of 2M, which {bytes} bytes are not: write for example -m {((bytes / HugePages.PageSize) + 1) * 2}M";
            }
            hugePages = ",hugetlb=on,hugetlbsize=2M";
        }
        _arguments.AddRange(["-object", $"memory-backend-memfd,id={MemoryId},size={bytes},share=on{hugePages}", "-machine", $"memory-backend={MemoryId}"]);
        return null;
    }

    private static string? RefuseBackend(string id, Dictionary<string, string> backend)
    {
        string type = backend["qom-type"];
        string size = backend.TryGetValue("size", out string? given) ? $",size={given}" : "";
        if (type != "memory-backend-memfd")
        {
            return $"the guest's memory '{id}' is a {type}, which cannot be shared with fbshare: write -object memory-backend-memfd,id={id}{size},share=on";
        }
        foreach (string property in (ReadOnlySpan<string>)["share", "seal"])
        {
            if (backend.GetValueOrDefault(property) is "off" or "no" or "false" or "n")
            {
                return $"the guest's memory '{id}' has {property}=off: write {property}=on in -object {type},id={id}";
            }
        }
        return null;
    }

    private string? AddGpu(Func<Kvm> askKvm, out GpuKind gpu)
    {
        gpu = Choose();
        return gpu switch
        {
            GpuKind.Pci => AddPciGpu(),
            GpuKind.Blob => AddBlobGpu(),
            _ => AddGpu2D(askKvm),
        };
    }

    /// <summary>The whole PCI device where this QEMU has it and nothing on the command line speaks against it; else the best that QEMU has.</summary>
    private GpuKind Choose()
    {
        if (_request.Gpu != GpuKind.Auto)
        {
            return _request.Gpu;
        }
        GpuKind otherwise = _qemu.BlobDevice is null ? GpuKind.TwoD : GpuKind.Blob;
        if (_qemu.PciDevice is null)
        {
            if (otherwise == GpuKind.TwoD)
            {
                _notes.Add($"QEMU {_qemu.Version} has no device with blob resources (10.1 and later have one): pictures are always copied, and nothing is shown before the guest's driver runs");
            }
            return otherwise;
        }
        if (otherwise == GpuKind.Blob && FindWhatSpeaksAgainstPci() is { } reason)
        {
            _notes.Add($"--device blob is used and not pci, because {reason}: the guest's screen appears when its driver starts");
            return otherwise;
        }
        return GpuKind.Pci;
    }

    private string? FindWhatSpeaksAgainstPci() =>
        FindDevice(BalloonDevices) is { } balloon ? $"{balloon} gives no memory back to the host beside a vfio-user device"
        : FindIommu() is { } iommu ? $"a guest that uses {iommu} would hide its memory from a vfio-user device"
        : null;

    private string? FindDevice(HashSet<string> names) => _devices.Select(DriverOf).FirstOrDefault(names.Contains);

    private string? FindIommu() => FindDevice(IommuDevices) ?? (_machine.GetValueOrDefault("iommu") is { } iommu && iommu != "none" ? $"iommu={iommu}" : null);

    private string? AddBlobGpu()
    {
        if (_qemu.BlobDevice is not { } device)
        {
            return $"QEMU {_qemu.Version} has no vhost-user device that lets a guest use blobs: use 10.2 or later, or --device {(_qemu.PciDevice is null ? "2d" : "pci")}";
        }
        _arguments.AddRange(["-chardev", $"socket,id=fbshare-gpu,path={Escape(_request.GpuSocket)}"]);
        _arguments.AddRange(["-device", $"{device},id={GpuId},chardev=fbshare-gpu,virtio-id=16,num_vqs=2,vq_size=256,config_size=16"]);
        return null;
    }

    private string? AddGpu2D(Func<Kvm> askKvm)
    {
        if (_qemu.GpuDevice is not { } device)
        {
            return $"{_qemu.Program} (QEMU {_qemu.Version}) has no vhost-user-gpu-pci: install a QEMU that was built with it (10.2 or later for zero copy), or let ./run-qemu.sh bring one";
        }
        if (FindDisplayWithoutTextures() is { } refusal)
        {
            return refusal;
        }
        if (_qemu.GpuNeedsKvm)
        {
            if (askKvm() is { Usable: false } kvm)
            {
                return $"QEMU {_qemu.Version} starts {device} only with KVM, and {kvm.Reason}: use QEMU 8 or later ({Where8()})";
            }
            if (!_qemu.Accelerators.Contains("kvm"))
            {
                return $"QEMU {_qemu.Version} starts {device} only with KVM, and was built without it: use QEMU 8 or later ({Where8()})";
            }
            if (!UsesAccelerator(out bool usesKvm))
            {
                _arguments.AddRange(["-accel", "kvm"]);
                _notes.Add($"QEMU {_qemu.Version} starts {device} only with KVM: -accel kvm added");
            }
            else if (!usesKvm)
            {
                return $"QEMU {_qemu.Version} starts {device} only with KVM: write -accel kvm, or use QEMU 8 or later ({Where8()})";
            }
        }
        _arguments.AddRange(["-chardev", $"socket,id=fbshare-gpu,path={Escape(_request.GpuSocket)}"]);
        _arguments.AddRange(["-device", $"{device},id={GpuId},chardev=fbshare-gpu" + (_request.Outputs > 1 ? $",max_outputs={_request.Outputs}" : "")]);
        return null;

        static string Where8() => "Debian 12: apt install -t bookworm-backports qemu-system-x86, or ./run-qemu.sh, which brings one";
    }

    /// <summary>QEMU ends ("The console requires display DMABUF support") if one of its own displays without OpenGL shows this device: its VNC server
    /// at once, its D-Bus display as soon as somebody looks, with the guest in the middle of its work.</summary>
    private string? FindDisplayWithoutTextures()
    {
        Dictionary<string, string> display = Values("display").Select(o => o.Properties("type")).LastOrDefault() ?? [];
        string type = display.GetValueOrDefault("type", "");
        if (type == "dbus" && display.GetValueOrDefault("gl", "off") is "off" or "no" or "false" or "n")
        {
            return "beside the 2D device, QEMU would end as soon as somebody looks at its -display dbus: add gl=on to it (which needs a DRM render node), or leave it out and use fbshare's own, --display unix:PATH, which speaks the same protocol";
        }
        return type == "vnc" || display.ContainsKey("vnc") || (Values("vnc").LastOrDefault().Value is { } vnc && vnc != "none")
            ? "QEMU's VNC server cannot show the 2D device: leave it out, and use fbshare's own display (--display unix:PATH, then fbshare view)"
            : null;
    }

    private string? AddPciGpu()
    {
        if (_qemu.PciDevice is null)
        {
            return $"{_qemu.Program} (QEMU {_qemu.Version}) has no vfio-user-pci: use QEMU 10.1 or later (./run-qemu.sh brings one), or --device blob or 2d";
        }
        if (Has("only-migratable"))
        {
            return "-only-migratable: no machine with fbshare's GPU can be migrated, and QEMU does not know that of a vfio-user device: leave it out";
        }
        _arguments.AddRange(["-device", PciGpu.ToArgument(_request.GpuSocket, GpuId)]);
        if (_request.Gpu == GpuKind.Pci && FindWhatSpeaksAgainstPci() is { } reason)
        {
            _notes.Add($"{reason}; with --device blob that is not so");
        }
        return null;
    }

    /// <summary>Warns of a KVM that is there and runs no guest, which then shows nothing and says nothing.</summary>
    private void CheckKvm(Func<Kvm> askKvm)
    {
        UsesAccelerator(out bool usesKvm);
        if (usesKvm && askKvm() is { Usable: false } kvm)
        {
            _notes.Add($"the guest may not run: {kvm.Reason}; without KVM it would: -accel tcg -cpu max");
        }
    }

    /// <summary>Whether the user chose an accelerator, and whether KVM is among the choices.</summary>
    private bool UsesAccelerator(out bool usesKvm)
    {
        string[] chosen =
        [
            .. Values("accel").Select(o => o.Properties("accel").GetValueOrDefault("accel", "")),
            .. _machine.GetValueOrDefault("accel", "").Split(':', StringSplitOptions.RemoveEmptyEntries),
        ];
        usesKvm = Has("enable-kvm") || chosen.Contains("kvm");
        return usesKvm || chosen.Length > 0;
    }

    /// <summary>A keyboard, a mouse and a tablet, unless the user has input devices of their own. QEMU sends pointer input to the device whose
    /// driver started last, which is the tablet, so the guest's pointer is where the host's is.</summary>
    private void AddInput()
    {
        if (_devices.Any(d => InputDevices.Contains(DriverOf(d))) || Has("usbdevice"))
        {
            return;
        }
        foreach (string input in (ReadOnlySpan<string>)["virtio-keyboard-pci", "virtio-mouse-pci", "virtio-tablet-pci"])
        {
            if (_qemu.Devices.Contains(input))
            {
                _arguments.AddRange(["-device", input]);
            }
        }
    }

    /// <summary>Adds no second display adapter, and no window of QEMU's own, which would stay black.</summary>
    private void AddDisplay()
    {
        string? own = _devices.Select(DriverOf).FirstOrDefault(DisplayDevices.Contains)
            ?? (Values("vga").LastOrDefault().Value is { } vga && vga != "none" ? $"-vga {vga}" : null);
        if (own is not null)
        {
            _notes.Add($"{own} is a second display adapter: the guest may draw there instead of on FbShare's");
        }
        else if (!Has("nodefaults", "vga"))
        {
            _arguments.AddRange(["-vga", "none"]);
        }
        if (!Has("display", "nographic", "vnc", "spice", "sdl", "curses"))
        {
            _arguments.AddRange(["-display", "none"]);
        }
    }

    private void AddMonitor()
    {
        if (_request.MonitorSocket is { } path)
        {
            // The device that listens there may die and be followed by another one.
            string again = _qemu.Version >= FirstWithReconnectMs ? "reconnect-ms=100" : "reconnect=1";
            _arguments.AddRange(["-qmp", $"unix:{Escape(path)},server=off,{again}"]);
        }
    }

    /// <summary>Makes QEMU end when fbshare ends, in whatever way.</summary>
    private void AddEnd()
    {
        if (_qemu.EndsWithParent && !Has("run-with"))
        {
            _arguments.AddRange(["-run-with", "exit-with-parent=on"]);
        }
    }

    private static string Escape(string value) => value.Replace(",", ",,", StringComparison.Ordinal);
}
