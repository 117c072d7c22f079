using System.Diagnostics;

namespace FbShare.Tools.BenchPeers;

/// <summary>Waits by polling for something that a process of a case makes without reporting it.</summary>
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
                throw new ToolException($"{what} did not come within {Patience.TotalSeconds:0} s; its process said: {maker.LastWords}");
            }
            await Task.Delay(Pause, stop);
        }
    }
}
