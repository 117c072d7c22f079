using System.Globalization;

namespace FbShare.Tools.BenchPeers;

/// <summary>The CPU time so far of every thread of some processes, but for the guest's own processors.</summary>
internal sealed class CpuTimes
{
    /// <summary>How QEMU names the threads that run guest code (debug-threads=on).</summary>
    private const string GuestProcessor = "CPU ";

    private readonly Dictionary<(Role Role, string Thread), long> _nanoseconds = [];

    private CpuTimes()
    {
    }

    /// <summary>Reads /proc/PID/task/*/schedstat.</summary>
    /// <exception cref="ToolException">A process has ended.</exception>
    public static CpuTimes Read(IEnumerable<CaseProcess> processes)
    {
        var times = new CpuTimes();
        foreach (CaseProcess process in processes)
        {
            process.ThrowIfEnded();
            foreach (string task in Directory.EnumerateDirectories($"/proc/{process.Id}/task"))
            {
                try
                {
                    if (process.Role != Role.Qemu || !File.ReadAllText(Path.Combine(task, "comm")).StartsWith(GuestProcessor, StringComparison.Ordinal))
                    {
                        string spent = File.ReadAllText(Path.Combine(task, "schedstat")).Split(' ')[0];
                        times._nanoseconds.Add((process.Role, Path.GetFileName(task)), long.Parse(spent, CultureInfo.InvariantCulture));
                    }
                }
                catch (IOException)
                {
                    // The thread ended in between.
                }
            }
        }
        return times;
    }

    /// <summary>Nanoseconds that each kind of process used since then. A thread that ended in between does not count.</summary>
    public RoleValues Since(CpuTimes before)
    {
        double Of(Role role) => _nanoseconds.Where(t => t.Key.Role == role).Sum(t => t.Value - before._nanoseconds.GetValueOrDefault(t.Key));
        return new RoleValues(Of(Role.Qemu), Of(Role.Device), Of(Role.Viewer), Of(Role.X));
    }
}
