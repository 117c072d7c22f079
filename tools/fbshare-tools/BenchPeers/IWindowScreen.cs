using System.Diagnostics;

namespace FbShare.Tools.BenchPeers;

/// <summary>A screen without a monitor, of the guest's size, for the windows of a case.</summary>
internal interface IWindowScreen
{
    /// <summary>Tells a program where to open its window.</summary>
    void Prepare(ProcessStartInfo program);

    /// <summary>Gives the only window the whole picture to show, whatever size its program thought of.</summary>
    Task FitWindowAsync(CaseProcess server, CancellationToken stop);

    /// <summary>Writes what the screen shows.</summary>
    Task SaveAsync(string file, CancellationToken stop);
}
