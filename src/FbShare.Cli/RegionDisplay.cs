using FbShare.Cli.Hosting;
using FbShare.Display;
using FbShare.Display.Client;
using FbShare.Display.Server;
using FbShare.Input;
using FbShare.Linux;

namespace FbShare.Cli;

/// <summary>One picture in guest pages as a display that a viewer can show: a timer tells of changes, in
/// place of a guest.</summary>
internal sealed class RegionDisplay : IDisposable
{
    /// <summary>As often as most screens show a new picture.</summary>
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1.0 / 60);

    private readonly PrivateFolder _folder = new();
    private readonly UnixListener _socket;
    private readonly DisplayHub _hub;
    private readonly DisplayServer _server;
    private readonly LoopTimer _timer;

    /// <param name="scanout">Stays the caller's, who disposes it after this.</param>
    /// <param name="name">For titles.</param>
    /// <exception cref="CliException">The socket cannot be made.</exception>
    public RegionDisplay(EventLoop loop, Scanout scanout, string name, Log log)
    {
        string path = _folder["region"];
        _socket = Sockets.Listen(path, "--live");
        _hub = new DisplayHub(1, new DmaBufExporter(PathRequest.Default, log));
        _server = new DisplayServer(loop, _hub, _socket, new VirtualMachineName(name, Guid.Empty), new Nobody(), log);
        _hub.SetScanout(0, scanout);
        _hub.Commit();
        LoopTimer? timer = null;
        timer = _timer = new LoopTimer(loop, () =>
        {
            _hub.Flush(0, scanout.Layout.Bounds);
            timer!.SetAfter(Period);
        });
        _timer.SetAfter(Period);
        Address = new DisplayAddress(DisplayAddressKind.Unix, path);
    }

    public DisplayAddress Address { get; }

    public void Dispose()
    {
        _timer.Dispose();
        _server.Dispose();
        _socket.Dispose();
        _hub.Dispose();
        _folder.Dispose();
    }

    /// <summary>Ignores what the user types and points at: memory takes no input.</summary>
    private sealed class Nobody : IInputSink
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
}
