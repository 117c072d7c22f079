using FbShare.Capture;
using FbShare.Display;
using FbShare.Display.Naming;
using FbShare.Display.Server;
using FbShare.Keeping;
using FbShare.Linux;
using FbShare.Memory;
using FbShare.VfioUser;
using FbShare.VhostUser;
using FbShare.Virtio;
using FbShare.VirtioGpu;
using FbShare.VirtioPci;

namespace FbShare.Cli.Hosting;

/// <summary>A whole device on one event loop: the virtio-gpu, its socket for a virtual machine, and whoever watches it.</summary>
internal sealed class DeviceHost : IDisposable
{
    private readonly GuestMemoryMap _memory;
    private readonly VirtioGpuDevice _device;
    private readonly FrontEndServer _server;
    private readonly List<IDisposable> _consumers = [];
    private readonly Keeper? _keeper;
    private readonly HandedDescriptors? _handed;
    private readonly Log _log;

    /// <param name="options">What to serve, and where.</param>
    /// <exception cref="CliException">A socket is taken or cannot be made.</exception>
    public DeviceHost(DeviceOptions options, Log log)
    {
        _log = log;
        _keeper = options.Keeper;
        _handed = options.Handed;
        _memory = new GuestMemoryMap { Keeper = _keeper };
        Exporter = new DmaBufExporter(options.Path, log);
        Hub = new DisplayHub(options.Gpu.Outputs, Exporter);
        _device = new VirtioGpuDevice(options.Gpu, _memory, Hub, Loop, log) { Keeper = _keeper };
        Hub.Source = _device;
        // The device's own socket comes last: whoever waits for that one starts QEMU, which connects to its monitor's, and viewers.
        UnixListener? monitor = null;
        UnixListener? viewers = null;
        try
        {
            monitor = options.MonitorPath is { } path ? Listen(KeptListener.Monitor, path, "QEMU's monitor") : null;
            viewers = ListenForViewers(options.Display);
            _server = MakeServer(options);
        }
        catch
        {
            monitor?.Dispose();
            viewers?.Dispose();
            TidyNames();
            throw;
        }
        try
        {
            Wire(options, monitor, viewers);
        }
        catch
        {
            // The socket's file must not stay behind.
            Dispose();
            throw;
        }
    }

    public EventLoop Loop { get; } = new();

    public DisplayHub Hub { get; }

    /// <summary>Belongs to the hub.</summary>
    public DmaBufExporter Exporter { get; }

    /// <summary>The server for viewers; null without --display.</summary>
    public DisplayServer? Display { get; private set; }

    /// <summary>The name that its display has got; null where it has none, or had it before this device.</summary>
    public DisplayName? DisplayName { get; private set; }

    /// <summary>Where a display listens that has a name; null where there is none.</summary>
    public string? NamedSocket { get; private set; }

    /// <summary>Whether the picture that was asked for could not be written. The device goes on without: a full disk is no reason to take a
    /// machine's screen away.</summary>
    public bool DumpFailed { get; private set; }

    /// <summary>Runs until <see cref="EventLoop.Stop"/>, or until the only front-end is gone.</summary>
    public void Run()
    {
        _server.TryResume();
        Loop.Run();
    }

    public void Dispose()
    {
        _server.Dispose();
        Display?.Dispose();
        _consumers.ForEach(c => c.Dispose());
        TidyNames();
        _device.Dispose();
        Hub.Dispose();
        _memory.Dispose();
        Loop.Dispose();
    }

    private void TidyNames()
    {
        if (NamedSocket is not null)
        {
            DisplayFolder.Tidy(NamedSocket);
        }
    }

    /// <summary>Whether the picture that was asked for is written already, by a device that died since.</summary>
    private bool IsDumped => _keeper is { } keeper && !keeper.ProgramState.IsEmpty;

    private FrontEndServer MakeServer(DeviceOptions options)
    {
        if (options.VfioUserPath is { } vfioUser)
        {
            return new VfioUserServer(
                Loop, Listen(KeptListener.FrontEnd, vfioUser, "--vfio-user"), _memory, log => new VirtioGpuFunction(Loop, _memory, _device, options.BootRom, log), _log);
        }
        UnixListener? listener = options.SocketPath is { } path ? Listen(KeptListener.FrontEnd, path, "--socket-path") : null;
        return new VhostUserServer(Loop, listener, _memory, _device, options.Forward ? Hub : null, _log);
    }

    private void Wire(DeviceOptions options, UnixListener? monitor, UnixListener? viewers)
    {
        if (options.Fd is { } fd)
        {
            _server.FrontEndGone = Loop.Stop;
            _server.Serve(Sockets.Adopt(fd));
        }
        else if (options.Once)
        {
            _server.FrontEndGone = Loop.Stop;
        }
        if (viewers is not null)
        {
            _consumers.Add(viewers);
            Display = new DisplayServer(Loop, Hub, viewers, options.Name, input: null, _log)
            {
                Patience = options.DisplayPatience,
                ProcessId = options.ProcessId,
                InputCure = "start QEMU through 'fbshare run', which connects them",
            };
        }
        if (options.Dump is { } dump && !IsDumped)
        {
            AttachDump(dump, options.TellsByLog ? _log.Info : Console.Out.WriteLine);
        }
        if (monitor is not null)
        {
            _consumers.Add(new MonitorListener(this, monitor, _log)
            {
                StopsMigrations = options.VfioUserPath is not null,
            });
        }
        if (_handed?.Unused is [var idle, ..])
        {
            throw new CliException(
                ExitCodes.Usage, $"the service manager listens at {idle} for this device, and no option says what for: --vfio-user {idle}, --socket-path {idle} or --display unix:{idle}");
        }
    }

    /// <summary>Listens, or goes on listening where a device that died did, or where the service manager does.</summary>
    private UnixListener Listen(KeptListener which, string path, string option)
    {
        // The manager hands its own to every process of the service.
        if (_handed?.TakeListener(path) is { } handed)
        {
            return handed;
        }
        if (_keeper?.Take(which) is { } left)
        {
            return left;
        }
        UnixListener listener = Sockets.Listen(path, option);
        _keeper?.Keep(which, listener);
        return listener;
    }

    /// <summary>Listens where viewers look; null for nowhere.</summary>
    private UnixListener? ListenForViewers(DisplayPlace place)
    {
        if (place.Path is { } path)
        {
            return Listen(KeptListener.Display, path, "--display");
        }
        if (place.Name is not { } name)
        {
            return null;
        }
        if (_keeper?.Take(KeptListener.Display) is { } left)
        {
            NamedSocket = left.Path;
            return left;
        }
        try
        {
            DisplayServer.EnsurePossible();
            UnixListener listener = Sockets.Listen(name, place.IsWish, out DisplayName taken);
            NamedSocket = listener.Path;
            _keeper?.Keep(KeptListener.Display, listener);
            DisplayName = taken;
            return listener;
        }
        catch (Exception e) when (place.IsWish && e is CliException or IOException)
        {
            // Nobody asked for one, and the guest does not need it.
            _log.Warn($"there is no display for viewers: {e.Message}");
            return null;
        }
    }

    /// <param name="tell">Takes the line about the picture.</param>
    private void AttachDump(DumpOptions options, Action<string> tell)
    {
        FrameDump? dump = null;
        dump = new FrameDump(Loop, Hub, options.Output, options.Trigger, (picture, scanout) =>
        {
            try
            {
                Picture written = options.To.Write(picture);
                tell(FrameLine.Describe(options.To.File, written, scanout, Hub.GetPath(options.Output)));
            }
            catch (CaptureException e)
            {
                DumpFailed = true;
                _log.Error(e.Message);
            }
            if (dump!.IsDone)
            {
                _keeper?.SaveProgram([1]);
                Loop.Post(() => Hub.Detach(options.Output, dump));
            }
        })
        {
            WithCursor = options.Cursor,
        };
        _consumers.Add(dump);
        Hub.Attach(options.Output, dump);
        _log.Verbose($"waiting for {(options.Trigger.Still is { } still ? $"{still.TotalSeconds:0.###} s without a change" : $"frame {options.Trigger.Frame}")} of output {options.Output}");
    }
}
