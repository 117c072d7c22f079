using FbShare.Capture;
using FbShare.Display;
using FbShare.Linux;
using FbShare.Memory;
using FbShare.Rig.Driver;
using FbShare.VfioUser;
using FbShare.VhostUser;
using FbShare.Virtio;
using FbShare.VirtioGpu;
using FbShare.VirtioPci;

namespace FbShare.Tests.Device;

/// <summary>A whole device on its own loop and thread, driven over a real socket.</summary>
internal sealed class DeviceUnderTest : IDisposable
{
    private readonly EventLoop _loop = new();
    private readonly Thread _thread;
    private readonly GuestMemoryMap _memory = new();
    private readonly FrontEndServer _server;
    private readonly Transport _transport;
    private QueueDriver _driver;

    /// <param name="rom">Over vfio-user: the boot screen's ROM; null for no boot screen.</param>
    public DeviceUnderTest(
        GpuOptions? options = null, GuestRam? ram = null, bool eventIdx = true, bool start = true, ushort queueSize = 256, FramePath? path = FramePath.Copy,
        Transport transport = Transport.VhostUser, ReadOnlyMemory<byte>? rom = null)
    {
        _transport = transport;
        options ??= new GpuOptions { RefreshHz = null };
        Hub = new DisplayHub(options.Outputs, new DmaBufExporter(new PathRequest(path), Log));
        Device = new VirtioGpuDevice(options, _memory, Hub, _loop, Log);
        Hub.Source = Device;
        _server = transport == Transport.VhostUser
            ? new VhostUserServer(_loop, null, _memory, Device, forward: Hub, Log)
            : new VfioUserServer(_loop, null, _memory, log => new VirtioGpuFunction(_loop, _memory, Device, rom, log), Log);
        _thread = new Thread(_loop.Run) { IsBackground = true };
        _thread.Start();
        _driver = Connect(ram, eventIdx, queueSize);
        if (start)
        {
            _driver.Start();
        }
    }

    public RecordingLogger Log { get; } = new();

    public DisplayHub Hub { get; }

    public VirtioGpuDevice Device { get; }

    /// <summary>The driver's queues, whatever the transport.</summary>
    public QueueDriver Driver => _driver;

    /// <summary>The front-end, over vhost-user.</summary>
    public FrontEndDriver FrontEnd => (FrontEndDriver)_driver;

    /// <summary>The machine, over vfio-user.</summary>
    public VfioUserDriver Machine => (VfioUserDriver)_driver;

    public GuestRam Ram => _driver.Ram;

    /// <summary>Runs something on the device's loop and returns its result.</summary>
    public T OnLoop<T>(Func<T> function) => _loop.Call(function);

    public Screen Watch(int output = 0)
    {
        var screen = new Screen();
        OnLoop(() =>
        {
            Hub.Attach(output, screen);
            return true;
        });
        return screen;
    }

    /// <summary>Dumps an output to a list; the caller detaches and disposes the dump on the loop.</summary>
    public FrameDump Dump(DumpTrigger trigger, List<(Picture Picture, ScanoutKind Kind)> taken, int output = 0) => OnLoop(() =>
    {
        var dump = new FrameDump(_loop, Hub, output, trigger, (picture, scanout) => taken.Add((picture, scanout.Kind)));
        Hub.Attach(output, dump);
        return dump;
    });

    /// <summary>Sends a control request and returns the response's type.</summary>
    public uint Do(byte[] request) => Commands.TypeOf(Driver.Request(request));

    /// <summary>Sends requests that must all succeed.</summary>
    public void DoAll(params byte[][] requests)
    {
        foreach (byte[] request in requests)
        {
            Assert.Equal(Commands.Ok, Do(request));
        }
    }

    /// <summary>Ends the front-end and connects another.</summary>
    public void Reconnect(GuestRam? ram = null)
    {
        _driver.Dispose();
        while (OnLoop(() => _server.IsConnected))
        {
            // The loop sees the hang-up at its next turn.
        }
        _driver = Connect(ram, eventIdx: true, 256);
        _driver.Start();
    }

    public bool IsConnected() => OnLoop(() => _server.IsConnected);

    public void Dispose()
    {
        _loop.Stop();
        _thread.Join();
        _server.Dispose();
        Device.Dispose();
        Hub.Dispose();
        _memory.Dispose();
        _loop.Dispose();
        _driver.Dispose();
    }

    /// <summary>Offers the device one more front-end and returns that one's end.</summary>
    public UnixSocket Offer()
    {
        (UnixSocket ours, UnixSocket theirs) = UnixSocket.CreatePair();
        OnLoop(() =>
        {
            _server.Serve(theirs);
            return true;
        });
        return ours;
    }

    private QueueDriver Connect(GuestRam? ram, bool eventIdx, ushort queueSize) => _transport == Transport.VhostUser
        ? new FrontEndDriver(Offer(), ram, eventIdx, queueSize)
        : new VfioUserDriver(Offer(), ram, eventIdx, queueSize);
}

/// <summary>How a machine has the device.</summary>
public enum Transport
{
    VhostUser,
    VfioUser,
}
