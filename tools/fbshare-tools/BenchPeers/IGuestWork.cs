namespace FbShare.Tools.BenchPeers;

/// <summary>What the guest of a case does while its cost is measured, for some seconds at a time.</summary>
internal interface IGuestWork
{
    /// <summary>Waits until the guest can begin.</summary>
    Task WaitForBootAsync(CancellationToken stop);

    /// <summary>Has it begin.</summary>
    Task StartAsync(int seconds, CancellationToken stop);

    /// <summary>Waits until its screen changes for the first time.</summary>
    Task WaitForFirstAsync(CancellationToken stop);

    /// <summary>Waits until it has done all.</summary>
    /// <returns>How many changes of the screen there were (flips, keys), and how many a second.</returns>
    Task<(int Count, double Rate)> WaitForLastAsync(CancellationToken stop);

    /// <summary>Makes it ready for the next time.</summary>
    Task EndAsync(CancellationToken stop);
}
