using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace FbShare.QemuTests.Testbed;

/// <summary>A running <c>fbshare view</c> on a console without a window system.</summary>
internal sealed class ConsoleViewer : IDisposable
{
    private readonly Process _process;
    private readonly ConcurrentQueue<string?> _said = new();

    /// <param name="display">A display's socket.</param>
    public ConsoleViewer(string display)
    {
        var info = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "fbshare"), ["view", "-v", "--display", $"unix:{display}"]) { RedirectStandardError = true };
        info.Environment.Remove("DISPLAY");
        info.Environment.Remove("WAYLAND_DISPLAY");
        info.Environment.Remove("SDL_VIDEODRIVER");
        _process = Process.Start(info)!;
        _process.ErrorDataReceived += (_, line) => _said.Enqueue(line.Data);
        _process.BeginErrorReadLine();
    }

    public string Said => string.Join('\n', _said);

    /// <summary>How often its threads have waited for something so far.</summary>
    public long WakeUps => Directory.GetDirectories($"/proc/{_process.Id}/task")
        .SelectMany(task => File.ReadLines($"{task}/status"))
        .Where(line => line.StartsWith("voluntary_ctxt_switches:", StringComparison.Ordinal))
        .Sum(line => long.Parse(line.AsSpan(line.IndexOf(':', StringComparison.Ordinal) + 1), CultureInfo.InvariantCulture));

    public void WaitUntil(Func<bool> condition, Func<string> otherwise)
    {
        XServer.WaitUntil(() => _process.HasExited || condition(), () => $"{otherwise()}; the viewer said:\n{Said}");
        Assert.False(_process.HasExited, Said);
    }

    public bool HasExitedWithin(TimeSpan time) => _process.WaitForExit(time);

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }
}
