using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace FbShare.QemuTests;

/// <summary>A running <c>fbshare</c> and what it says.</summary>
internal class FbShareProcess : IDisposable
{
    private readonly ConcurrentQueue<string?> _said = new();

    /// <param name="info">With stderr redirected.</param>
    public FbShareProcess(ProcessStartInfo info)
    {
        Process = Process.Start(info)!;
        Process.ErrorDataReceived += (_, line) => _said.Enqueue(line.Data);
        Process.BeginErrorReadLine();
    }

    public int ProcessId => Process.Id;

    /// <summary>Its messages (stderr).</summary>
    public string Said => string.Join('\n', _said);

    /// <summary>How often its threads have waited for something so far.</summary>
    public long WakeUps => Directory.GetDirectories($"/proc/{ProcessId}/task").Sum(WakeUpsOf);

    protected Process Process { get; }

    /// <summary>The last of its messages that has this in it.</summary>
    protected string? LastSaid(string part) => _said.LastOrDefault(l => l?.Contains(part, StringComparison.Ordinal) == true);

    /// <summary>Waits for something while it runs; fails when it ends.</summary>
    public void WaitUntil(Func<bool> condition, Func<string> otherwise)
    {
        XServer.WaitUntil(() => Process.HasExited || condition(), () => $"{otherwise()}; it said:\n{Said}");
        Assert.False(Process.HasExited, $"it ended; it said:\n{Said}");
    }

    public bool HasExitedWithin(TimeSpan time) => Process.WaitForExit(time);

    /// <summary>Waits for its end.</summary>
    public int WaitForExit()
    {
        Assert.True(HasExitedWithin(TimeSpan.FromSeconds(60)), $"it did not end; it said:\n{Said}");
        // Once more without a time: until its last words are here.
        Process.WaitForExit();
        return Process.ExitCode;
    }

    /// <summary>SIGKILL.</summary>
    public void Kill()
    {
        Process.Kill();
        Process.WaitForExit();
    }

    public void Dispose()
    {
        if (!Process.HasExited)
        {
            Kill();
        }
        Process.Dispose();
    }

    private static long WakeUpsOf(string thread)
    {
        const string Name = "voluntary_ctxt_switches:";
        string line = File.ReadLines($"{thread}/status").First(l => l.StartsWith(Name, StringComparison.Ordinal));
        return long.Parse(line.AsSpan(Name.Length), CultureInfo.InvariantCulture);
    }
}
