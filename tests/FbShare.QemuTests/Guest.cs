using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using FbShare.Bochs;
using FbShare.Capture;
using FbShare.Cli;
using FbShare.Cli.Hosting;
using FbShare.Cli.Qemu;
using FbShare.Display;
using FbShare.Linux;
using FbShare.Memory;
using FbShare.Pictures;
using FbShare.Qemu;
using FbShare.Tests;
using FbShare.VirtioGpu;
using Microsoft.Extensions.Logging;

namespace FbShare.QemuTests;

/// <summary>A real guest in a real QEMU on a device in this process: its serial shell, its monitor, its screens.</summary>
internal sealed class Guest : IDisposable
{
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(500);

    private readonly TemporaryFolder _folder = new("qemu");
    private readonly StringWriter _log = new();
    private readonly TimeSpan _patience;
    private readonly DeviceHost _host;
    private readonly Thread _thread;
    private readonly TestGuest _machine;
    private readonly MonitorListener? _input;
    private bool _disposed;

    public Guest(GuestOptions options)
    {
        _patience = options.Patience;
        string gpu = _folder["gpu"];
        Display = _folder["display"];
        (int width, int height) = options.Size is { } size && options.Gpu != GpuKind.TwoD ? size : (1280, 800);
        bool isPci = options.Gpu == GpuKind.Pci;
        _host = new DeviceHost(
            new DeviceOptions
            {
                Gpu = new GpuOptions { Outputs = options.Outputs, Width = width, Height = height, Blob = !options.NoBlobs && options.Gpu != GpuKind.TwoD, RefreshHz = options.RefreshHz },
                SocketPath = isPci ? null : gpu,
                VfioUserPath = isPci ? gpu : null,
                BootRom = isPci ? VideoBios() : null,
                Display = new DisplayPlace(Display, null),
                DisplayPatience = options.DisplayPatience,
            },
            new Log(_log, LogLevel.Debug));
        _input = options.Input ? new MonitorListener(_host, UnixListener.Listen(_folder["input"]), new Log(_log, LogLevel.Debug)) : null;
        _thread = new Thread(_host.Run) { IsBackground = true };
        _thread.Start();
        _machine = new TestGuest(options, Device(options, gpu, _folder.Path), _log.ToString);
    }

    public QmpClient Monitor => _machine.Monitor;

    /// <summary>The display server's socket.</summary>
    public string Display { get; }

    public int ProcessId => _machine.ProcessId;

    /// <summary>Everything the device and QEMU said so far.</summary>
    public string Log => _log + _machine.Log;

    /// <summary>Runs something on the device's loop and returns its result.</summary>
    public T OnLoop<T>(Func<DisplayHub, T> function) => _host.Loop.Call(() => function(_host.Hub), _patience);

    /// <inheritdoc cref="TestGuest.Type"/>
    public void Type(string line) => _machine.Type(line);

    /// <summary>Presses a key of the machine's keyboard, by its QEMU key code.</summary>
    public void Press(string qcode) => Monitor.Execute("send-key", json =>
    {
        json.WriteStartArray("keys");
        json.WriteStartObject();
        json.WriteString("type", "qcode");
        json.WriteString("data", qcode);
        json.WriteEndObject();
        json.WriteEndArray();
    });

    /// <inheritdoc cref="TestGuest.Ask"/>
    public string Ask(string line, string answer) => _machine.Ask(line, answer);

    /// <inheritdoc cref="TestGuest.EndCard"/>
    public void EndCard() => _machine.EndCard();

    /// <summary>Has the guest's kernel start another one in its place while a picture is shown, and waits until that one's shell is there.</summary>
    /// <param name="card">What shows the picture, until the end.</param>
    /// <param name="assertSees">Looks at it.</param>
    public void StartAnotherKernel(string card, Action assertSees)
    {
        // Held in the background, as the shell is needed.
        Ask($"sleep 1000000 | {card} &", "card: flipped");
        assertSees();
        Ask("kexec /kexec/bzImage /kexec/initrd.img", "fbshare-guest ready");
    }

    public string WaitForLine(string start) => _machine.WaitForLine(start);

    /// <summary>Waits until an output shows just this picture.</summary>
    /// <param name="rgb">Packed R, G, B.</param>
    public void AssertShows(byte[] rgb, int width, int height, int output = 0, ScanoutKind kind = ScanoutKind.Blob, bool cursor = false)
    {
        Picture? last = WaitUntil(
            picture => picture is not null && picture.Width == width && picture.Height == height && picture.ToRgb().AsSpan().SequenceEqual(rgb),
            output, cursor, TimeSpan.FromSeconds(20), picture => Fail(picture, rgb, width, height));
        Assert.NotNull(last);
        Assert.Equal(kind, OnLoop(hub => hub.GetScanout(output)?.Kind));
    }

    /// <summary>Waits until an output's picture is as wanted, looking again whenever it changes.</summary>
    /// <param name="timedOut">Told the last picture when it is not in time; the default says so and fails.</param>
    public Picture? WaitUntil(Func<Picture?, bool> wanted, int output = 0, bool cursor = false, TimeSpan? patience = null, Action<Picture?>? timedOut = null)
    {
        using var watch = new Watcher();
        OnLoop(hub =>
        {
            hub.Attach(output, watch);
            return true;
        });
        try
        {
            var clock = Stopwatch.StartNew();
            while (true)
            {
                Picture? picture = OnLoop(hub => watch.Take(hub, output, cursor));
                if (wanted(picture))
                {
                    return picture;
                }
                TimeSpan left = (patience ?? _patience) - clock.Elapsed;
                if (left <= TimeSpan.Zero)
                {
                    (timedOut ?? (_ => Assert.Fail($"output {output} did not show what was wanted; log:\n{Log}")))(picture);
                    return null;
                }
                // Also looked at when nothing changed here: what it is compared with may have.
                watch.Changed.WaitOne(left < Glance ? left : Glance);
            }
        }
        finally
        {
            OnLoop(hub =>
            {
                hub.Detach(output, watch);
                return true;
            });
        }
    }

    /// <summary>An output's picture now; null while it shows nothing.</summary>
    public Picture? Take(int output = 0)
    {
        using var watch = new Watcher();
        return OnLoop(hub =>
        {
            hub.Attach(output, watch);
            Picture? picture = watch.Take(hub, output, cursor: false);
            hub.Detach(output, watch);
            return picture;
        });
    }

    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }
        _disposed = true;
        _machine.Dispose();
        _host.Loop.Stop();
        _thread.Join();
        _input?.Dispose();
        _host.Dispose();
        _folder.Dispose();
    }

    /// <summary>QEMU's arguments for the device at a socket.</summary>
    /// <param name="folder">Where <see cref="GuestOptions.Input"/> listens.</param>
    public static List<string> Device(GuestOptions options, string gpu, string folder)
    {
        string device = options.Gpu == GpuKind.Pci
            ? PciGpu.ToArgument(gpu, QemuCommandLine.GpuId)
            : options.Gpu == GpuKind.TwoD
            ? $"vhost-user-gpu-pci,id={QemuCommandLine.GpuId},chardev=gpu,max_outputs={options.Outputs}{(options.Size is { } size ? $",xres={size.Width},yres={size.Height}" : "")}"
            : $"vhost-user-test-device-pci,id={QemuCommandLine.GpuId},chardev=gpu,virtio-id=16,num_vqs=2,vq_size=256,config_size=16";
        List<string> arguments = options.Gpu == GpuKind.Pci ? ["-device", device] : ["-chardev", $"socket,id=gpu,path={gpu}", "-device", device];
        if (options.Input)
        {
            arguments.AddRange(["-device", "virtio-keyboard-pci", "-device", options.Pointer, "-qmp", $"unix:{folder}/input,server=off"]);
        }
        return arguments;
    }

    private static ReadOnlyMemory<byte> VideoBios() => VgaBios.TryLoad(TestMachine.VideoBios, out ReadOnlyMemory<byte> rom, out string? why)
        ? rom
        : throw new InvalidOperationException(why);

    private void Fail(Picture? picture, byte[] rgb, int width, int height)
    {
        string folder = Path.Combine(Path.GetTempPath(), $"fbshare-failed-{Guid.NewGuid():N}");
        Directory.CreateDirectory(folder);
        Picture expected = TestCard.ToPicture(rgb, width, height);
        PictureFile.Write(Path.Combine(folder, "expected.png"), expected);
        if (picture is not null)
        {
            PictureFile.Write(Path.Combine(folder, "shown.png"), picture);
        }
        Assert.Fail($"{(picture is null ? "nothing is shown" : PictureComparison.Compare(picture, expected).ToString())}; see {folder}; log:\n{Log}");
    }

    /// <summary>Keeps the newest picture of an output.</summary>
    private sealed class Watcher : IDisplayConsumer, IDisposable
    {
        private Picture? _picture;
        private bool _isLooking;
        private CursorImage? _cursor;
        private CursorPosition _position;

        public AutoResetEvent Changed { get; } = new(false);

        public PictureForms Takes(FrameLayout picture) => PictureForms.BufferAnywhere;

        public Picture? Take(DisplayHub hub, int output, bool cursor)
        {
            _isLooking = true;
            _picture = null;
            hub.ShowAgain(output, this);
            _isLooking = false;
            return cursor && _cursor is not null ? _picture?.WithCursor(_cursor, _position) : _picture;
        }

        public void Present(in Frame frame)
        {
            if (_isLooking)
            {
                _picture = Picture.Copy(frame.Layout, frame.Buffer!.From(0));
            }
            else
            {
                Changed.Set();
            }
        }

        public void Disable() => Changed.Set();

        public void DefineCursor(CursorImage? image)
        {
            _cursor = image;
            Changed.Set();
        }

        public void MoveCursor(CursorPosition position)
        {
            _position = position;
            Changed.Set();
        }

        public void Dispose() => Changed.Dispose();
    }
}
