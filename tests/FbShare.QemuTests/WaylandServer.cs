using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using FbShare.Tests;

namespace FbShare.QemuTests;

/// <summary>A Wayland compositor in a window of an X server, which gives it a user: all that is on its screen is in that window.</summary>
/// <remarks>Programs have the whole screen, without decoration.</remarks>
internal sealed class WaylandServer : IDesk, IDisposable
{
    private readonly TemporaryFolder _folder = new("wayland");
    private readonly Process _process;
    private readonly ConcurrentQueue<string?> _said = new();
    private readonly string _window;
    private readonly string _program;
    private readonly string _socket;

    /// <param name="desk">Where its own window appears.</param>
    /// <param name="socket">What it calls its socket.</param>
    /// <param name="configuration">The text of a file whose path is added to the command; null: it needs none.</param>
    private WaylandServer(IDesk desk, string[] command, string socket = "wayland-0", string? configuration = null)
    {
        XServer server = desk.Server;
        Server = server;
        _program = command[0];
        _socket = socket;
        if (configuration is not null)
        {
            File.WriteAllText(_folder["configuration"], configuration);
            command = [.. command, _folder["configuration"]];
        }
        // A pointer inside would be drawn into the picture.
        server.Do("mousemove", "1919", "1199");
        ProcessStartInfo info = desk.StartInfo(command[0], command[1..]);
        if (desk is WaylandServer outer)
        {
            // Its own socket lies elsewhere than the one that it shows itself by.
            info.Environment["WAYLAND_DISPLAY"] = outer._folder[outer._socket];
        }
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
            () => _process.HasExited || (ListeningSocket.IsAt(_folder[socket]) && (window = server.FindTopWindow()) is not null),
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
        server, ["weston", "--backend=x11-backend.so", $"--shell={shell}-shell.so", "--use-pixman", "--no-config", "--idle-time=0", "--socket=wayland-0",
        $"--width={width}", $"--height={height}", $"--scale={scale}"]);

    /// <summary>Weston, which draws with OpenGL and takes dma-bufs, on the whole screen of another compositor.</summary>
    /// <inheritdoc cref="Weston"/>
    public static WaylandServer WestonOn(WaylandServer outer, int width, int height) => new(
        outer, ["weston", "--backend=wayland", "--renderer=gl", "--shell=kiosk", "--no-config", "--idle-time=0", "--socket=wayland-0", "--fullscreen",
        $"--width={width}", $"--height={height}"]);

    /// <summary>Cage, whose screen has the size that the user gives its window: this one.</summary>
    public static WaylandServer Cage(XServer server, int width, int height)
    {
        var cage = new WaylandServer(server, ["cage", "--", "sleep", "infinity"]);
        cage.Resize(width, height);
        return cage;
    }

    /// <summary>Sway, whose screen has this many pixels.</summary>
    /// <param name="scale">Pixels per unit, also between whole ones.</param>
    /// <param name="floats">Whether windows have their own size; otherwise each has the whole screen.</param>
    public static WaylandServer Sway(XServer server, int width, int height, double scale, bool floats)
    {
        // It will not run as root, and is not told that it does.
        string[] user = Environment.IsPrivilegedProcess ? ["unshare", "--user", "--map-user=1000", "--map-group=1000"] : [];
        var sway = new WaylandServer(server, [.. user, "sway", "--config"], "wayland-1", $"""
            xwayland disable
            output * scale {scale.ToString(CultureInfo.InvariantCulture)}
            output * bg #203040 solid_color
            default_border none
            focus_follows_mouse no
            {(floats ? "for_window [app_id=fbshare] floating enable" : "")}

            """);
        sway.Resize(width, height);
        return sway;
    }

    public ProcessStartInfo StartInfo(string program, params string[] arguments)
    {
        ProcessStartInfo info = Server.StartInfo(program, arguments);
        info.Environment.Remove("DISPLAY");
        info.Environment["XDG_RUNTIME_DIR"] = _folder.Path;
        info.Environment["WAYLAND_DISPLAY"] = _socket;
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

    /// <summary>Gives the screen another size.</summary>
    private void Resize(int width, int height)
    {
        Server.Do("windowmove", _window, "0", "0");
        Server.Do("windowsize", _window, $"{width}", $"{height}");
        XServer.WaitUntil(() => Server.Do("getwindowgeometry", _window).Contains($"{width}x{height}", StringComparison.Ordinal), () => "the screen keeps its size");
    }

    public void Dispose()
    {
        _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
        _process.Dispose();
        _folder.Dispose();
    }
}
