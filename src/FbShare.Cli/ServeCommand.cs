using System.CommandLine;
using FbShare.Cli.Hosting;
using FbShare.Keeping;
using FbShare.Linux;

namespace FbShare.Cli;

/// <summary><c>fbshare serve</c>: the vhost-user back-end, by the conventions of QEMU's docs/interop/vhost-user.rst, or a whole PCI
/// device over vfio-user.</summary>
internal sealed class ServeCommand : CliCommand
{
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
    private readonly Option<bool> _keep = new("--keep")
    {
        Description = "Keep the machine if the device dies: it is a process of its own then, and another one takes over in less than a second. kill -USR2 on this process starts the next one from the program on the disk (an upgrade).",
    };
    private readonly KeptArguments _kept = new();
    private readonly BootArguments _boot = new();
    private readonly DeviceArguments _device = new();
    private readonly SandboxArguments _privileges = new();

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
            "#         -device '{\"driver\":\"vfio-user-pci\",\"socket\":{\"type\":\"unix\",\"path\":\"/tmp/gpu.sock\"}}' ...",
            "# (fbshare run adds these arguments by itself)")
    {
        Add(_socketPath);
        Add(_vfioUser);
        Add(_fd);
        Add(_once);
        Add(_noForward);
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
        if (arguments.GetValue(_keep) && (arguments.GetValue(_fd) is not null || arguments.GetValue(_once)))
        {
            return "--keep cannot be had with --fd or --once: it is for a device that listens until it is stopped";
        }
        return (isPci ? null : _boot.FindUnused(arguments, "--vfio-user PATH")) ?? _device.FindContradiction(arguments);
    }

    protected override TextWriter OpenLog(ParseResult arguments) => _device.OpenLog(arguments);

    protected override int Run(ParseResult arguments, Log log)
    {
        if (arguments.GetValue(_capabilities))
        {
            // The vhost-user conventions' answer; 2D and blobs need no further word there.
            Console.Out.WriteLine("""{"type":"gpu"}""");
            return ExitCodes.Success;
        }
        _privileges.GiveUpPrivileges(arguments, _device.ReadSandbox(arguments));
        if (arguments.GetValue(_keep))
        {
            return Keep(arguments, log);
        }
        using UnixSocket? keeperSocket = KeeperClient.FindSocket();
        if (keeperSocket is not null)
        {
            using KeeperClient client = KeeperClient.Connect(keeperSocket, out IReadOnlyDictionary<ulong, FileDescriptor> kept);
            using var keeper = Keeper.Open(client, kept);
            return Serve(arguments, keeper, client, log);
        }
        return Serve(arguments, null, null, log);
    }

    /// <summary>This process keeps, and another one serves.</summary>
    private int Keep(ParseResult arguments, Log log)
    {
        DeviceSandbox.EnterAsKeeper(_device.ReadSandbox(arguments), log);
        using var keeper = new DeviceKeeper(["serve", .. KeptArguments.Repeat(arguments, [_keep, .. _privileges.Own]), KeptArguments.Of(KeptArguments.OfThisProcess)], log);
        using IDisposable upgrade = keeper.OnUpgradeSignal();
        using var signals = new StopSignals(_ => keeper.Stop());
        int exitCode = keeper.Run();
        return signals.ExitCode ?? exitCode;
    }

    /// <param name="keeper">Keeps what the next device needs if this one dies; null for none.</param>
    /// <param name="client">The conversation with it.</param>
    private int Serve(ParseResult arguments, Keeper? keeper, KeeperClient? client, Log log)
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
            ProcessId = keeper is null ? Environment.ProcessId : ProcessCalls.getppid(),
            UdmaBuf = _privileges.ReadUdmaBuf(arguments),
        };
        using var host = new DeviceHost(options, log);
        // Without its keeper, a machine would be left that nobody can go on with.
        using EventLoop.Watch? gone = client is null ? null : host.Loop.Add(client.Descriptor, LoopEvents.PeerClosed, _ => host.Loop.Stop());
        using var signals = new StopSignals(_ => host.Loop.Stop(), onlyTerminate: keeper is not null);
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
        host.Run();
        return signals.ExitCode ?? (host.DumpFailed ? ExitCodes.Failure : ExitCodes.Success);
    }
}
