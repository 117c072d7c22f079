using System.CommandLine;
using FbShare.Cli.Hosting;
using FbShare.Cli.Qemu;
using FbShare.Keeping;
using FbShare.Linux;

namespace FbShare.Cli;

/// <summary><c>fbshare serve</c>: the vhost-user back-end, by the conventions of QEMU's docs/interop/vhost-user.rst, or a whole PCI
/// device over vfio-user.</summary>
internal sealed class ServeCommand : CliCommand
{
    /// <summary>The two words of --keep.</summary>
    private const string OfProcess = "process", OfManager = "systemd";

    private readonly Option<string?> _socketPath = new("--socket-path") { Description = "Listen for QEMU on this UNIX socket. It is made with mode 0600; one that nobody listens at any more is replaced.", HelpName = "PATH" };
    private readonly Option<string?> _vfioUser = new("--vfio-user")
    {
        Description = "Listen here for a QEMU 10.1 or later, as a whole PCI device (vfio-user): the guest's screen is shown from its firmware on.",
        HelpName = "PATH",
    };
    private readonly Option<int?> _fd = NumberOption.Optional("--fd", 0, int.MaxValue, "Serve the connected UNIX socket with this number, then end.");
    private readonly Option<bool> _once = new("--once") { Description = "End when the first QEMU has disconnected (default: wait for the next one)." };
    private readonly Option<bool> _noForward = new("--no-forward") { Description = "Do not send pictures to QEMU's own display as well (which vhost-user-gpu-pci asks for, unless QEMU runs with -display none)." };
    private readonly Option<bool> _capabilities = new("--print-capabilities") { Description = "Print as JSON what kind of back-end this is, and end." };
    private readonly Option<string?> _keep = new("--keep")
    {
        Description = "Keep the machine if the device dies. process: the device is a process of its own then, and another one takes over in less than a second; kill -USR2 on this process starts the next one from the program on the disk (an upgrade). systemd: what the next one needs is left with systemd, which starts it (a service with FileDescriptorStoreMax=); systemctl restart is the upgrade. Without a word: process.",
        HelpName = OfProcess + "|" + OfManager,
        Arity = ArgumentArity.ZeroOrOne,
    };
    private readonly KeptArguments _kept = new();
    private readonly BootArguments _boot = new();
    private readonly DeviceArguments _device = new();
    private readonly SandboxArguments _privileges = new(
        "When started as root: become this user, with its groups, before anything else. It must be able to write where the sockets and pictures are to be.");

    public ServeCommand()
        : base(
            "serve",
            "Serves a virtio-gpu to a QEMU over a vhost-user or vfio-user socket.",
            "fbshare serve --socket-path /tmp/gpu.sock --dump-to screen.png",
            "# then: qemu-system-x86_64 -m 512M -object memory-backend-memfd,id=mem,size=512M,share=on \\",
            "#         -machine q35,memory-backend=mem -chardev socket,id=gpu,path=/tmp/gpu.sock \\",
            "#         -device vhost-user-test-device-pci,chardev=gpu,virtio-id=16,num_vqs=2,vq_size=256,config_size=16 ...",
            "fbshare serve --vfio-user /tmp/gpu.sock --display unix:/tmp/screen.sock",
            "# then: qemu-system-x86_64 -m 512M -object memory-backend-memfd,id=mem,size=512M,share=on \\",
            "#         -machine q35,memory-backend=mem -vga none \\",
            $"#         -device '{PciGpu.ToArgument("/tmp/gpu.sock")}' ...",
            "# (fbshare run adds these arguments by itself)")
    {
        Add(_socketPath);
        Add(_vfioUser);
        Add(_fd);
        Add(_once);
        Add(_noForward);
        _keep.AcceptOnlyFromAmong(OfProcess, OfManager);
        Add(_keep);
        Add(_capabilities);
        _kept.AddTo(this);
        _boot.AddTo(this);
        _device.AddTo(this);
        _privileges.AddTo(this);
    }

    public override string? FindContradiction(ParseResult arguments)
    {
        if (arguments.GetValue(_capabilities))
        {
            return null;
        }
        bool isPci = arguments.GetValue(_vfioUser) is not null;
        int given = (arguments.GetValue(_socketPath) is null ? 0 : 1) + (arguments.GetValue(_fd) is null ? 0 : 1) + (isPci ? 1 : 0);
        if (given != 1)
        {
            return "give one of --socket-path PATH, --vfio-user PATH and --fd N";
        }
        if (KeepWord(arguments) is not null && (arguments.GetValue(_fd) is not null || arguments.GetValue(_once)))
        {
            return "--keep cannot be had with --fd or --once: it is for a device that listens until it is stopped";
        }
        return (isPci ? null : _boot.FindUnused(arguments, "--vfio-user PATH")) ?? _device.FindContradiction(arguments);
    }

    protected override void GiveUpPrivileges(ParseResult arguments)
    {
        if (!arguments.GetValue(_capabilities))
        {
            _privileges.GiveUpPrivileges(arguments, _device.ReadSandbox(arguments));
        }
    }

    protected override TextWriter OpenLog(ParseResult arguments) => _device.OpenLog(arguments);

    protected override int Run(ParseResult arguments, Log log)
    {
        if (arguments.GetValue(_capabilities))
        {
            // The vhost-user conventions' answer: no virgl and no render node, but libvirt takes no answer without the list.
            Console.Out.WriteLine("""{"type":"gpu","features":[]}""");
            return ExitCodes.Success;
        }
        using ServiceManager? manager = FindManager();
        // A connection that the manager has accepted is given by its number.
        using HandedDescriptors? handed = arguments.GetValue(_fd) is null ? HandedDescriptors.Take() : null;
        switch (KeepWord(arguments))
        {
            case OfManager when manager is null:
                throw new CliException(
                    ExitCodes.Unfit,
                    "--keep systemd: this process was not started by systemd as a service that may leave descriptors with it (Type=notify, FileDescriptorStoreMax=8192): see assets/systemd; --keep alone does without");
            case OfManager:
                var store = ManagerStore.Open(
                    manager,
                    handed!,
                    why => log.Warn($"systemd cannot be told what to keep any longer ({why}): the machine loses its screen if this device dies"),
                    out IReadOnlyDictionary<ulong, FileDescriptor> left);
                using (var keeper = Keeper.Open(store, left))
                {
                    return Serve(arguments, keeper, null, manager, handed, log);
                }
            case OfProcess when handed is { Count: > 0 }:
                throw new CliException(ExitCodes.Usage, "--keep makes the device a process of its own, which cannot have the sockets of systemd: take --keep systemd");
            case OfProcess:
                return Keep(arguments, manager, log);
        }
        using UnixSocket? keeperSocket = KeeperClient.FindSocket();
        if (keeperSocket is not null)
        {
            using KeeperClient client = KeeperClient.Connect(keeperSocket, out IReadOnlyDictionary<ulong, FileDescriptor> kept);
            using var keeper = Keeper.Open(client, kept);
            return Serve(arguments, keeper, client, null, null, log);
        }
        return Serve(arguments, null, null, manager, handed, log);
    }

    private static ServiceManager? FindManager()
    {
        try
        {
            return ServiceManager.Find();
        }
        catch (Exception e) when (e is LinuxException or PathTooLongException)
        {
            throw new CliException(ExitCodes.Failure, $"the service manager that started this process cannot be told anything (NOTIFY_SOCKET): {e.Message}", e);
        }
    }

    /// <summary>How the machine is kept; null: it is not.</summary>
    private string? KeepWord(ParseResult arguments) =>
        arguments.GetResult(_keep) is not { Implicit: false } ? null : arguments.GetValue(_keep) ?? OfProcess;

    /// <summary>This process keeps, and another one serves.</summary>
    private int Keep(ParseResult arguments, ServiceManager? manager, Log log)
    {
        DeviceSandbox.EnterAsKeeper(_device.ReadSandbox(arguments), keepsCapabilities: false, log);
        using var keeper = new DeviceKeeper(["serve", .. KeptArguments.Repeat(arguments, [_keep, .. _privileges.Own]), KeptArguments.Of(KeptArguments.OfThisProcess)], log)
        {
            Listening = () => manager?.TellReady("keeping a device"),
            Inherited = _privileges.TakeUdmaBuf(arguments),
        };
        using IDisposable upgrade = keeper.OnUpgradeSignal();
        using var signals = new StopSignals(_ => keeper.Stop());
        int exitCode = keeper.Run();
        return signals.ExitCode ?? exitCode;
    }

    /// <param name="keeper">Keeps what the next device needs if this one dies; null for none.</param>
    /// <param name="client">The conversation with it, if it is a process of ours.</param>
    /// <param name="manager">The service manager, which is told that the device serves; null for none.</param>
    /// <param name="handed">What it handed over; null for nothing.</param>
    private int Serve(ParseResult arguments, Keeper? keeper, KeeperClient? client, ServiceManager? manager, HandedDescriptors? handed, Log log)
    {
        string? vfioUser = arguments.GetValue(_vfioUser);
        DeviceOptions options = _kept.Read(arguments, _device.Read(arguments, _kept.ReadWish(arguments))) with
        {
            SocketPath = arguments.GetValue(_socketPath),
            VfioUserPath = vfioUser,
            BootRom = vfioUser is null ? null : _boot.Load(arguments, [], log),
            Fd = arguments.GetValue(_fd),
            Once = arguments.GetValue(_once),
            Forward = !arguments.GetValue(_noForward),
            Keeper = keeper,
            Handed = handed,
            ProcessId = client is null ? Environment.ProcessId : ProcessCalls.getppid(),
            UdmaBuf = _privileges.TakeUdmaBuf(arguments),
        };
        using var host = new DeviceHost(options, log);
        // Without its keeper, a machine would be left that nobody can go on with.
        using EventLoop.Watch? gone = client is null ? null : host.Loop.Add(client.Descriptor, LoopEvents.PeerClosed, _ => host.Loop.Stop());
        using var signals = new StopSignals(_ => End(host, leaves: keeper is not null && client is null), onlyTerminate: keeper is not null);
        DeviceSandbox.Enter(options, host, log);
        string waiting = (options.SocketPath ?? vfioUser) is { } path ? $"waiting for QEMU at {path}" : $"serving descriptor {options.Fd}";
        string? view = host.DisplayName is { } name ? $"fbshare view {name} shows the screen" : null;
        if (options.MonitorPath is null && keeper is not { IsResumed: true })
        {
            log.Info(view is null ? waiting : $"{waiting}; {view}");
        }
        else if (view is not null)
        {
            log.Info(view);
        }
        using LoopTimer? watchdog = Report(manager, host, waiting);
        host.Run();
        return signals.ExitCode ?? (host.DumpFailed ? ExitCodes.Failure : ExitCodes.Success);
    }

    /// <param name="leaves">Whether the machine is left to the next device: systemd does not say if there will be one, and closes what it
    /// keeps if not.</param>
    private static void End(DeviceHost host, bool leaves)
    {
        if (leaves)
        {
            // A device may die at any instruction. Nothing is put in order: that would remove what the next one goes on with.
            Environment.Exit(ExitCodes.Success);
        }
        host.Loop.Stop();
    }

    /// <summary>Tells the service manager that the device serves, and then that its loop goes round, as often as it wants to hear that.</summary>
    private static LoopTimer? Report(ServiceManager? manager, DeviceHost host, string status)
    {
        manager?.TellReady(status);
        if (manager?.Watchdog is not { } interval)
        {
            return null;
        }
        LoopTimer? timer = null;
        timer = new LoopTimer(host.Loop, () =>
        {
            manager.TellAlive();
            timer!.SetAfter(interval / 2);
        });
        timer.SetAfter(interval / 2);
        return timer;
    }
}
