using System.CommandLine;
using FbShare.Cli.Hosting;
using FbShare.Cli.Probe;
using FbShare.Cli.Qemu;
using FbShare.Display.Naming;
using FbShare.Display.Server;
using FbShare.Linux;
using FbShare.Qemu;

namespace FbShare.Cli;

/// <summary><c>fbshare run</c>: a device and a QEMU on it, together from start to end.</summary>
internal sealed class RunCommand : CliCommand
{
    private readonly Argument<string[]> _qemu = new("qemu") { Description = "After --: the QEMU program and its arguments.", Arity = ArgumentArity.OneOrMore, HelpName = "QEMU ARGUMENTS" };
    private readonly Option<string> _device = new("--device")
    {
        Description = "The guest's GPU. pci: a whole PCI device, which shows the guest's screen from its firmware on and shares pictures without copying (QEMU 10.1 or later); blob: the same from the guest's driver on, which a memory balloon needs (10.2 or later); 2d: pictures are copied. auto is the first of them that suits this QEMU and its arguments.",
        HelpName = "auto|pci|blob|2d",
        DefaultValueFactory = _ => "auto",
    };
    private readonly Option<bool> _hugePages = new("--hugetlb") { Description = "Take the guest's memory from the host's huge pages of 2 MiB." };
    private readonly Option<string> _keep = new("--keep")
    {
        Description = "Whether the device is a process of its own, so that the machine goes on if it dies: another one takes over in less than a second. kill -USR2 on this process starts the next one from the program on the disk (an upgrade).",
        HelpName = "on|off",
        DefaultValueFactory = _ => "on",
    };
    private readonly BootArguments _boot = new();
    private readonly DeviceArguments _arguments = new();
    private readonly SandboxArguments _privileges = new(
        "When started as root: become this user, with its groups, before anything else. QEMU and the device are that user's then, which must be able to read the machine's disks.");

    public RunCommand()
        : base(
            "run",
            "Starts a virtio-gpu and a QEMU with it: adds the memory, machine and device arguments that this QEMU needs, and ends with QEMU's exit code.",
            "fbshare run -- qemu-system-x86_64 -m 2G -enable-kvm disk.qcow2",
            "fbshare run --size 1920x1080 --dump-to screen.png --dump-when still:2s -- qemu-system-x86_64 -m 2G -cdrom live.iso",
            "fbshare run -- qemu-system-x86_64 -name debian -m 4G -drive file=disk.qcow2,if=virtio",
            "fbshare run --device blob --display unix:/tmp/screen.sock -- qemu-system-x86_64 -m 4G -device virtio-balloon-pci disk.qcow2",
            "fbshare run --device 2d -- qemu-system-x86_64 -M q35 -m 1G -display gtk disk.qcow2")
    {
        _device.AcceptOnlyFromAmong("auto", "pci", "blob", "2d");
        Add(_qemu);
        Add(_device);
        Add(_hugePages);
        _keep.AcceptOnlyFromAmong("on", "off");
        Add(_keep);
        _boot.AddTo(this);
        _arguments.AddTo(this);
        _privileges.AddTo(this);
    }

    public override bool TakesCommandLine => true;

    public override string? FindContradiction(ParseResult arguments)
    {
        if (arguments.GetValue(_qemu)![0].Length == 0)
        {
            return "the QEMU program's name is empty: give a path or a name after --";
        }
        if (arguments.GetValue(_keep) == "off" && _arguments.ReadSandbox(arguments) == SandboxMode.On)
        {
            return "--sandbox on cannot be had with --keep off: a process that starts QEMU cannot be confined, so the device must be one of its own";
        }
        return (arguments.GetValue(_device) is "auto" or "pci" ? null : _boot.FindUnused(arguments, "--device pci")) ?? _arguments.FindContradiction(arguments);
    }

    protected override void GiveUpPrivileges(ParseResult arguments) => _privileges.BecomeUser(arguments);

    protected override TextWriter OpenLog(ParseResult arguments) => _arguments.OpenLog(arguments);

    protected override int Run(ParseResult arguments, Log log)
    {
        DeviceSandbox.Foretell(_arguments.ReadSandbox(arguments));
        string[] words = arguments.GetValue(_qemu)!;
        FileDescriptor? udmabuf = _privileges.TakeUdmaBuf(arguments);
        DeviceOptions options = _arguments.Read(arguments, KeptArguments.OfThisProcess);
        DiskImages.RequirePresent(words[1..]);
        QemuInfo qemu = Ask(words[0]);

        using var folder = new PrivateFolder();
        var request = new QemuRequest
        {
            GpuSocket = folder["gpu"],
            MonitorSocket = folder["qmp"],
            Outputs = options.Gpu.Outputs,
            HugePages = arguments.GetValue(_hugePages),
            Gpu = arguments.GetValue(_device) switch { "pci" => GpuKind.Pci, "blob" => GpuKind.Blob, "2d" => GpuKind.TwoD, _ => GpuKind.Auto },
        };
        var kvm = new Lazy<Kvm>(() => KvmProbe.Ask(log));
        if (!QemuCommandLine.TryBuild(words[1..], qemu, () => kvm.Value, request, out QemuPlan? plan, out string? why))
        {
            throw new CliException(ExitCodes.Unfit, why);
        }
        RequireHugePages(request, plan);
        foreach (string note in plan.Notes)
        {
            log.Info(note);
        }
        log.Verbose($"{qemu.Program} {string.Join(' ', plan.Arguments)}");
        var name = new VirtualMachineName(plan.GuestName ?? options.Name.Name, plan.GuestUuid);
        DisplayName wish = DisplayName.From(plan.GuestName) ?? KeptArguments.OfThisProcess;
        bool isPci = plan.Gpu == GpuKind.Pci;
        if (arguments.GetValue(_keep) == "on")
        {
            return RunKept(arguments, request, name, wish, qemu, plan, udmabuf, log);
        }
        options = options with
        {
            Display = options.Display.IsWish ? DisplayPlace.Wish(wish) : options.Display,
            SocketPath = isPci ? null : request.GpuSocket,
            VfioUserPath = isPci ? request.GpuSocket : null,
            BootRom = isPci ? _boot.Load(arguments, qemu.AskDataFolders(), log) : null,
            Name = name,
            MonitorPath = request.MonitorSocket,
        };
        using var host = new DeviceHost(options, log);
        if (udmabuf is not null)
        {
            host.Exporter.Prepare(udmabuf);
        }
        if (host.DisplayName is { } taken)
        {
            log.Info($"fbshare view {taken} shows the screen");
        }
        return new QemuRun(
            () =>
            {
                host.Run();
                return host.DumpFailed ? ExitCodes.Failure : ExitCodes.Success;
            },
            () => true,
            host.Loop.Stop,
            started: null,
            log).Run(qemu.Program, plan.Arguments);
    }

    /// <summary>The device is an <c>fbshare serve</c> with the options given here; this process keeps it.</summary>
    private int RunKept(ParseResult arguments, QemuRequest request, VirtualMachineName name, DisplayName wish, QemuInfo qemu, QemuPlan plan, FileDescriptor? udmabuf, Log log)
    {
        bool isPci = plan.Gpu == GpuKind.Pci;
        string[] device =
        [
            "serve",
            isPci ? "--vfio-user" : "--socket-path",
            request.GpuSocket,
            .. KeptArguments.Repeat(arguments, [_device, _hugePages, _keep, .. _boot.Options, .. _privileges.Own]),
            .. isPci ? _boot.Repeat(arguments, qemu.AskDataFolders()) : [],
            .. KeptArguments.Of(request.MonitorSocket!, name),
            KeptArguments.Of(wish),
        ];
        using var keeper = new DeviceKeeper(device, log) { Inherited = udmabuf };
        using IDisposable upgrade = keeper.OnUpgradeSignal();
        // QEMU must be as free as its user wants it, so it comes first. Capabilities stay: they cannot be taken from all threads, and --user is the cure.
        return new QemuRun(
            keeper.Run,
            keeper.WaitUntilListening,
            keeper.Stop,
            () => DeviceSandbox.EnterAsKeeper(_arguments.ReadSandbox(arguments), keepsCapabilities: true, log),
            log).Run(qemu.Program, plan.Arguments);
    }

    private static QemuInfo Ask(string program)
    {
        try
        {
            return QemuInfo.Ask(program);
        }
        catch (QemuException e)
        {
            throw new CliException(ExitCodes.Unfit, e.Message, e);
        }
    }

    private static void RequireHugePages(QemuRequest request, QemuPlan plan)
    {
        if (!request.HugePages || plan.MemoryBytes is not { } bytes)
        {
            return;
        }
        long needed = bytes / HugePages.PageSize;
        HugePages pool = HugePages.Read();
        if (pool.Free < needed)
        {
            throw new CliException(
                ExitCodes.Unfit,
                $"the guest needs {needed} huge pages of 2 MiB and {pool.Free} are free: sudo sysctl -w vm.nr_hugepages={pool.Total - pool.Free + needed}");
        }
    }
}
