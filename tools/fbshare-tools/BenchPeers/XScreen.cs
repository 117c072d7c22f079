using System.Diagnostics;

namespace FbShare.Tools.BenchPeers;

/// <summary>An X server without a screen (Xvfb), of the guest's size.</summary>
/// <param name="Display">Its name, for DISPLAY.</param>
internal sealed record XScreen(string Display) : IWindowScreen
{
    /// <summary>The server's command line; it says its display's number.</summary>
    public static ProcessStartInfo Server { get; } =
        new("Xvfb", ["-displayfd", "1", "-screen", "0", $"{PeerSettings.Width}x{PeerSettings.Height}x24", "-nolisten", "tcp"]);

    /// <summary>Waits for the server.</summary>
    public static async Task<XScreen> WaitForAsync(CaseProcess server, CancellationToken stop)
    {
        string? number = null;
        await Waiting.ForAsync("the X server", server, () => Task.FromResult((number = server.Said.FirstOrDefault(line => int.TryParse(line, out _))) is not null), stop);
        return new XScreen($":{number}");
    }

    public void Prepare(ProcessStartInfo program)
    {
        program.Environment["DISPLAY"] = Display;
        program.Environment.Remove("WAYLAND_DISPLAY");
    }

    public async Task FitWindowAsync(CaseProcess server, CancellationToken stop)
    {
        string[] windows = [];
        await Waiting.ForAsync("a window", server, async () =>
        {
            (_, string found) = await Programs.RunAsync(Client("xdotool", "search", "--onlyvisible", "--maxdepth", "1", "--name", "."), stop);
            windows = found.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            return windows.Length > 0;
        }, stop);
        foreach (string window in windows)
        {
            await Programs.RunAsync(
                Client("xdotool", "windowsize", "--sync", window, $"{PeerSettings.Width}", $"{PeerSettings.Height}", "windowmove", window, "0", "0"), stop);
        }
    }

    public Task SaveAsync(string file, CancellationToken stop) => Programs.RunAsync(Client("import", "-window", "root", file), stop);

    private ProcessStartInfo Client(string program, params string[] arguments) => new(program, arguments) { Environment = { ["DISPLAY"] = Display } };
}
