using FbShare.Display;
using FbShare.Display.Server;
using FbShare.Input;
using FbShare.Keeping;
using FbShare.Linux;
using FbShare.Memory;
using FbShare.Pictures;
using FbShare.Rig.Bench;
using FbShare.Tests;
using FbShare.VfioUser;
using FbShare.VhostUser;
using FbShare.VirtioGpu;
using FbShare.VirtioPci;
using Microsoft.Extensions.Logging;

namespace FbShare.Fuzz;

/// <summary>A whole device on a thread of its own that is looked after: no defect may be logged, no turn of its loop may take long, and
/// descriptors and memory must not become more.</summary>
internal sealed class DeviceUnderFuzz : IDisposable
{
    /// <summary>Nobody runs it; with one there is the boot screen.</summary>
    private static readonly byte[] Rom = new byte[4096];

    private readonly Harm _harm;
    private readonly EventLoop _loop = new();
    private readonly GuestMemoryMap _memory;
    private readonly DmaBufExporter _exporter;
    private readonly DisplayHub _hub;
    private readonly VirtioGpuDevice _device;
    private readonly VhostUserServer _vhostUser;
    private readonly VfioUserServer _vfioUser;
    private readonly Thread _thread;
    private volatile bool _stopping;
    private DisplayServer? _display;
    private UnixListener? _displayListener;
    private long _cpu;

    /// <param name="keeper">Keeps what another device needs to go on, or has what one has left; stays the caller's.</param>
    public DeviceUnderFuzz(Harm harm, Keeper? keeper = null)
    {
        _harm = harm;
        var log = new HarmLog(harm);
        _memory = new GuestMemoryMap { Keeper = keeper };
        // Without the device each try would say why.
        _exporter = new DmaBufExporter(File.Exists(UdmaBufDevice.DevicePath) ? PathRequest.Default : new PathRequest(FramePath.Copy), log);
        _hub = new DisplayHub(2, _exporter);
        _device = new VirtioGpuDevice(new GpuOptions { Outputs = 2, RefreshHz = null, MaxHostBytes = 64 << 20 }, _memory, _hub, _loop, log) { Keeper = keeper };
        _hub.Source = _device;
        _vhostUser = new VhostUserServer(_loop, null, _memory, _device, _hub, log);
        _vfioUser = new VfioUserServer(_loop, null, _memory, l => new VirtioGpuFunction(_loop, _memory, _device, Rom, l), log);
        _hub.Attach(0, new Looker());
        _hub.Attach(1, Viewer);
        _thread = new Thread(Run) { IsBackground = true, Name = "device" };
        _thread.Start();
    }

    /// <summary>The longest that the loop may be kept from others, in milliseconds of processor time.</summary>
    public static double MostTurn { get; set; } = 100;

    /// <summary>The longest turn seen, in milliseconds of processor time.</summary>
    public double Longest { get; private set; }

    /// <summary>Watches output 1, by the guest's own pages where there is /dev/udmabuf. For the device's loop.</summary>
    public DmaBufReader Viewer { get; } = new();

    /// <summary>How often dma-bufs were made again because the guest's memory had other pages by then.</summary>
    public long Healed => _exporter.Healed;

    /// <summary>Connects a front-end.</summary>
    public UnixSocket Connect(bool vfioUser)
    {
        (UnixSocket ours, UnixSocket theirs) = UnixSocket.CreatePair();
        OnLoop(() => ((Virtio.FrontEndServer)(vfioUser ? _vfioUser : _vhostUser)).Serve(theirs));
        return ours;
    }

    /// <summary>Goes on with the front-end that another device has left.</summary>
    /// <returns>Whether there is one that can be served.</returns>
    public bool Resume(bool vfioUser)
    {
        bool resumed = false;
        OnLoop(() => resumed = ((Virtio.FrontEndServer)(vfioUser ? _vfioUser : _vhostUser)).TryResume());
        return resumed;
    }

    /// <summary>Serves the display protocol.</summary>
    public void ServeDisplay(string path) => OnLoop(() =>
    {
        _displayListener = UnixListener.Listen(path);
        _display = new DisplayServer(_loop, _hub, _displayListener, new VirtualMachineName("fuzz", Guid.Empty), new Sink(), new HarmLog(_harm));
    });

    /// <summary>Runs something on the device's loop and waits for it: it must come to that within 10 s.</summary>
    public void OnLoop(Action action) => _loop.Call(action);

    /// <summary>Waits until the device has noticed what happened before, such as a connection's end.</summary>
    public void Settle()
    {
        // What is ready together with the first of them is handled by the second.
        OnLoop(() => { });
        OnLoop(() => { });
    }

    public void Dispose()
    {
        _loop.Post(() => _stopping = true);
        _thread.Join();
        _display?.Dispose();
        _displayListener?.Dispose();
        _vhostUser.Dispose();
        _vfioUser.Dispose();
        _device.Dispose();
        _hub.Dispose();
        _exporter.Dispose();
        Viewer.Dispose();
        _memory.Dispose();
        _loop.Dispose();
    }

    private void Run()
    {
        try
        {
            _cpu = ThreadClock.CpuTime;
            while (!_stopping)
            {
                _loop.RunOnce(Timeout.Infinite);
                Look();
            }
        }
        catch (Exception e)
        {
            _harm.Note("loop", $"the device ended: {e}");
        }
    }

    private void Look()
    {
        long now = ThreadClock.CpuTime;
        double took = (now - _cpu) / 1e6;
        _cpu = now;
        Longest = Math.Max(Longest, took);
        // Instrumented code takes its time.
        if (took > MostTurn && !CoverageTarget.IsRunning)
        {
            _harm.Note("turn", $"the loop was kept for {took:0} ms");
        }
    }

    /// <summary>A defect is harm, and so is a log that grows.</summary>
    private sealed class HarmLog(Harm harm) : ILogger
    {
        private const long MostBytes = 4 << 20;

        private long _bytes;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            string line = formatter(state, exception);
            if (logLevel >= LogLevel.Error)
            {
                harm.Note(line, $"{line}\n{exception}");
            }
            _bytes += line.Length;
            if (_bytes > MostBytes)
            {
                harm.Note("log", $"the log has {_bytes} bytes, lastly {line}");
            }
        }
    }

    /// <summary>A machine that takes all input.</summary>
    private sealed class Sink : IInputSink
    {
        public bool IsAbsolute => true;

        public void Key(uint number, bool pressed)
        {
        }

        public void Button(MouseButton button, bool pressed)
        {
        }

        public void MoveTo(int x, int y, int width, int height)
        {
        }

        public void MoveBy(int dx, int dy)
        {
        }

        public void Touch(TouchKind kind, int slot, double x, double y, int width, int height)
        {
        }
    }

    /// <summary>Reads every pixel that it is shown, so that a wrong bound is a crash.</summary>
    private sealed class Looker : IDisplayConsumer
    {
        private uint _sum;

        public PictureForms Takes(FrameLayout picture) => PictureForms.BufferAnywhere;

        public void Present(in Frame frame)
        {
            for (int y = frame.Damage.Y; frame.Buffer is not null && y < frame.Damage.Bottom; y += 16)
            {
                foreach (byte b in frame.Buffer.Slice(frame.Layout.OffsetOf(frame.Damage.X, y), frame.Damage.Width * 4))
                {
                    _sum += b;
                }
            }
        }

        public void Disable()
        {
        }

        public void DefineCursor(CursorImage? image) => _sum += (uint)(image?.GetHashCode() ?? 0);

        public void MoveCursor(CursorPosition position)
        {
        }
    }
}
