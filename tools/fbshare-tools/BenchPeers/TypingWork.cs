using System.Diagnostics;

namespace FbShare.Tools.BenchPeers;

/// <summary>Somebody types into the terminal of a guest with a desktop (tools/desktop): each key is counted as one flip.</summary>
/// <remarks>The keys come over QEMU's monitor, in every case alike, so that no display's own way of input is measured.</remarks>
internal sealed class TypingWork(GuestConsole console, PeerSettings settings, string monitorSocket) : IGuestWork, IDisposable
{
    /// <summary>Somebody who types fast.</summary>
    private const int DefaultRate = 15;

    /// <summary>The terminal repeats each line, and scrolls by two.</summary>
    private const string Line = "the quick brown fox jumps over a lazy dog\n";

    /// <summary>From the last key until it is on the screen, also of a slow guest.</summary>
    private static readonly TimeSpan Settling = TimeSpan.FromMilliseconds(500);

    private static readonly TimeSpan AfterBoot = TimeSpan.FromSeconds(3);

    private QemuKeyboard? _keyboard;
    private Task<(int, double)>? _typing;

    /// <summary>Keys a second.</summary>
    private int Rate => settings.Rate ?? DefaultRate;

    public async Task WaitForBootAsync(CancellationToken stop)
    {
        await console.WaitForLineAsync("desktop: terminal", stop);
        string size = $"{PeerSettings.Width}x{PeerSettings.Height}";
        await console.SayAsync(@"mount -t debugfs debug /sys/kernel/debug; sed -n 's/.*crtc-pos=\([0-9x]*\)+0+0$/desktop: size \1/p' /sys/kernel/debug/dri/0/state");
        string said = await console.WaitForLineAsync("desktop: size", stop);
        if (!said.EndsWith($" {size}", StringComparison.Ordinal))
        {
            throw new ToolException($"the guest's desktop has not the size {size} that others have: {said}");
        }
        _keyboard = await QemuKeyboard.ConnectAsync(monitorSocket, stop);
        // The prompt, and whatever else a desktop draws in the beginning.
        await Task.Delay(AfterBoot, stop);
        await TypeAsync("cat\n", stop);
        await Task.Delay(Settling, stop);
    }

    public Task StartAsync(int seconds, CancellationToken stop)
    {
        int keys = seconds * Rate;
        _typing = TypeAsync(string.Concat(Enumerable.Repeat(Line, (keys / Line.Length) + 1))[..keys], stop);
        return Task.CompletedTask;
    }

    public Task WaitForFirstAsync(CancellationToken stop) => Task.CompletedTask;

    public async Task<(int Count, double Rate)> WaitForLastAsync(CancellationToken stop)
    {
        (int, double) typed = await _typing!;
        await Task.Delay(Settling, stop);
        return typed;
    }

    public Task EndAsync(CancellationToken stop) => Task.CompletedTask;

    public void Dispose() => _keyboard?.Dispose();

    private async Task<(int Count, double Rate)> TypeAsync(string text, CancellationToken stop)
    {
        using var clock = new PeriodicTimer(TimeSpan.FromSeconds(1) / Rate);
        long start = Stopwatch.GetTimestamp();
        foreach (char letter in text)
        {
            await _keyboard!.PressAsync(letter, stop);
            await clock.WaitForNextTickAsync(stop);
        }
        return (text.Length, text.Length / Stopwatch.GetElapsedTime(start).TotalSeconds);
    }
}
