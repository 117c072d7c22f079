using System.Collections.Concurrent;
using System.Diagnostics;
using FbShare.Tests;

namespace FbShare.QemuTests;

/// <summary>A Wayland compositor in a window of an X server, which gives it a user: all that is on its screen is in that window.</summary>
/// <remarks>Programs have the whole screen, without decoration.</remarks>
internal sealed class WaylandServer : IDesk, IDisposable
{
    private const string Socket = "wayland-0";

    private readonly TemporaryFolder _folder = new("wayland");
    private readonly Process _process;
    private readonly ConcurrentQueue<string?> _said = new();
    private readonly string _window;
    private readonly string _program;

    private WaylandServer(XServer server, params string[] command)
    {
        Server = server;
        _program = command[0];
        // A pointer inside would be drawn into the picture.
        server.Do("mousemove", "1919", "1199");
        ProcessStartInfo info = server.StartInfo(command[0], command[1..]);
        info.Environment["XDG_RUNTIME_DIR"] = _folder.Path;
        info.Environment["WLR_BACKENDS"] = "x11";
        info.Environment["WLR_RENDERER"] = "pixman";
        _process = Process.Start(info)!;
        _process.OutputDataReceived += (_, line) => _said.Enqueue(line.Data);
        _process.ErrorDataReceived += (_, line) => _said.Enqueue(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        string? window = null;
        XServer.WaitUntil(
            () => _process.HasExited || (ListeningSocket.IsAt(_folder[Socket]) && (window = server.FindTopWindow()) is not null),
            () => $"{command[0]} does not come up; it said:\n{string.Join('\n', _said)}");
        _window = window ?? throw new InvalidOperationException($"{command[0]} ended; it said:\n{string.Join('\n', _said)}");
    }

    public XServer Server { get; }

    /// <summary>Whether programs that are started here say what they ask of the compositor (Wayland's library, on stderr).</summary>
    public bool IsTraced { get; set; }

    /// <summary>Weston (10 and later).</summary>
    /// <param name="width">The screen's, in units of windows.</param>
    /// <param name="height">As above.</param>
    /// <param name="scale">Pixels per unit.</param>
    /// <param name="shell">kiosk: each window on the whole screen; desktop: windows of their own size.</param>
    public static WaylandServer Weston(XServer server, int width, int height, int scale = 1, string shell = "kiosk") => new(
        server, "weston", "--backend=x11-backend.so", $"--shell={shell}-shell.so", "--use-pixman", "--no-config", "--idle-time=0", $"--socket={Socket}",
        $"--width={width}", $"--height={height}", $"--scale={scale}");

    /// <summary>Cage, whose screen has the size that the user gives its window: this one.</summary>
    public static WaylandServer Cage(XServer server, int width, int height)
    {
        var cage = new WaylandServer(server, "cage", "--", "sleep", "infinity");
        server.Do("windowmove", cage._window, "0", "0");
        server.Do("windowsize", cage._window, $"{width}", $"{height}");
        XServer.WaitUntil(() => server.Do("getwindowgeometry", cage._window).Contains($"{width}x{height}", StringComparison.Ordinal), () => "the screen keeps its size");
        return cage;
    }

    public ProcessStartInfo StartInfo(string program, params string[] arguments)
    {
        ProcessStartInfo info = Server.StartInfo(program, arguments);
        info.Environment.Remove("DISPLAY");
        info.Environment["XDG_RUNTIME_DIR"] = _folder.Path;
        info.Environment["WAYLAND_DISPLAY"] = Socket;
        if (IsTraced)
        {
            info.Environment["WAYLAND_DEBUG"] = "client";
        }
        if (_program == "cage")
        {
            // No frames around windows: without its plugins, which the tree does not have, libdecor never shows one under Cage.
            info.Environment["SDL_VIDEO_WAYLAND_ALLOW_LIBDECOR"] = "0";
        }
        return info;
    }

    public string FindWindow(int processId) => _window;

    public void Dispose()
    {
        _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
        _process.Dispose();
        _folder.Dispose();
    }
}
