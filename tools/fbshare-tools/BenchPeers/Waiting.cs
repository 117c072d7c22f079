using System.Diagnostics;

namespace FbShare.Tools.BenchPeers;

/// <summary>Waits for what a process of a case makes and tells nobody of.</summary>
internal static class Waiting
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    /// <exception cref="ToolException">The process ended, or it took too long.</exception>
    public static async Task ForAsync(string what, CaseProcess maker, Func<Task<bool>> isThere, CancellationToken stop)
    {
        long start = Stopwatch.GetTimestamp();
        while (!await isThere())
        {
            maker.ThrowIfEnded();
            if (Stopwatch.GetElapsedTime(start) > Patience)
            {
                throw new ToolException($"waited in vain for {what}: {maker.LastWords}");
            }
            await Task.Delay(Pause, stop);
        }
    }
}
