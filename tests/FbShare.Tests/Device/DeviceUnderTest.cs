using System.Collections.Concurrent;
using FbShare.Rig.Driver;
using FbShare.Display;
using FbShare.Linux;
using FbShare.Memory;
using FbShare.VhostUser;
using FbShare.VirtioGpu;

namespace FbShare.Tests.Device;

/// <summary>A whole device on its own loop and thread, driven over a real socket.</summary>
internal sealed class DeviceUnderTest : IDisposable
{
    private readonly EventLoop _loop = new();
    private readonly Thread _thread;
    private readonly GuestMemoryMap _memory = new();
    private readonly VhostUserServer _server;

    public DeviceUnderTest(GpuOptions? options = null, GuestRam? ram = null, bool eventIdx = true, bool start = true, ushort queueSize = 256, FramePath? path = FramePath.Copy)
    {
        options ??= new GpuOptions { RefreshHz = null };
        Hub = new DisplayHub(options.Outputs, new DmaBufExporter(new PathRequest(path), Log.Enqueue));
        Device = new VirtioGpuDevice(options, _memory, Hub, _loop, Log.Enqueue);
        Hub.Source = Device;
        _server = new VhostUserServer(_loop, null, _memory, Device, forward: Hub, Log.Enqueue);
        _thread = new Thread(_loop.Run) { IsBackground = true };
        _thread.Start();
        Driver = Connect(ram, eventIdx, queueSize);
        if (start)
        {
            Driver.Start();
        }
    }

    public ConcurrentQueue<string> Log { get; } = new();

    public DisplayHub Hub { get; }

    public VirtioGpuDevice Device { get; }

    public FrontEndDriver Driver { get; private set; }

    public GuestRam Ram => Driver.Ram;

    /// <summary>Runs something on the device's loop and returns its result.</summary>
    public T OnLoop<T>(Func<T> function)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        _loop.Post(() =>
        {
            try
            {
                done.SetResult(function());
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        });
        return done.Task.WaitAsync(TimeSpan.FromSeconds(10)).GetAwaiter().GetResult();
    }

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
        Driver.Dispose();
        while (OnLoop(() => _server.IsConnected))
        {
            // The loop sees the hang-up at its next turn.
        }
        Driver = Connect(ram, eventIdx: true, 256);
        Driver.Start();
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
        Driver.Dispose();
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

    private FrontEndDriver Connect(GuestRam? ram, bool eventIdx, ushort queueSize) => new(Offer(), ram, eventIdx, queueSize);
}
