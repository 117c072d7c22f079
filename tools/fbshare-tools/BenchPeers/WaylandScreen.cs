using System.Diagnostics;

namespace FbShare.Tools.BenchPeers;

/// <summary>A Wayland compositor of the guest's size (Weston, drawn by pixman): each window has all of it.</summary>
/// <remarks>It has a window of an X server (Xvfb), which gives it a keyboard and a pointer: without a screen of some kind Weston has no seat, and
/// SDL 2.26 crashes on a compositor that has none.</remarks>
/// <param name="Screen">The X server.</param>
/// <param name="Folder">Where the compositor's socket is.</param>
internal sealed record WaylandScreen(XScreen Screen, string Folder) : IWindowScreen
{
    private const string Socket = "wayland-peers";

    /// <summary>The compositor's command line.</summary>
    public static ProcessStartInfo Server(XScreen screen, string folder)
    {
        var server = new ProcessStartInfo("weston",
        [
            "--backend=x11-backend.so", "--use-pixman", "--no-config", "--idle-time=0", "--shell=kiosk-shell.so", $"--socket={Socket}",
            $"--width={PeerSettings.Width}", $"--height={PeerSettings.Height}",
        ]);
        screen.Prepare(server);
        server.Environment["XDG_RUNTIME_DIR"] = folder;
        return server;
    }

    /// <summary>Waits for the compositor.</summary>
    public static async Task<WaylandScreen> WaitForAsync(CaseProcess server, XScreen screen, string folder, CancellationToken stop)
    {
        await Waiting.ForAsync("the Wayland compositor", server, () => Task.FromResult(File.Exists(Path.Combine(folder, Socket))), stop);
        return new WaylandScreen(screen, folder);
    }

    public void Prepare(ProcessStartInfo program)
    {
        program.Environment.Remove("DISPLAY");
        program.Environment["XDG_RUNTIME_DIR"] = Folder;
        program.Environment["WAYLAND_DISPLAY"] = Socket;
        program.Environment["GDK_BACKEND"] = "wayland";
        program.Environment["SDL_VIDEODRIVER"] = "wayland";
    }

    /// <summary>The compositor does that.</summary>
    public Task FitWindowAsync(CaseProcess server, CancellationToken stop) => Task.CompletedTask;

    public Task SaveAsync(string file, CancellationToken stop) => Screen.SaveAsync(file, stop);
}
