using System.Diagnostics;
using System.Globalization;

namespace FbShare.Tools.BenchCheck;

/// <summary>Measures by the <c>bench</c> command of an fbshare program.</summary>
internal sealed class Bench(string fbshare)
{
    private const int FewFlips = 1000;
    private const int MoreFlips = 2000;

    /// <exception cref="ToolException">Something could not be measured.</exception>
    public async Task<Figures> MeasureAsync(CancellationToken stop)
    {
        (int exitCode, string json) = await Programs.RunAsync(new ProcessStartInfo(fbshare, ["bench", "-q", "--json"]), stop);
        // 1: a goal of its own was missed; those include plain times.
        if (exitCode is not (0 or 1))
        {
            throw new ToolException($"{fbshare} bench ended with {exitCode}");
        }
        return Figures.Parse(json, await CountPerFlipAsync([], stop), await CountPerFlipAsync(["--watched"], stop));
    }

    /// <summary>The total in what <c>strace -c -U name,calls</c> wrote.</summary>
    /// <exception cref="ToolException">There is none.</exception>
    internal static long TotalOf(string straceSummary)
    {
        foreach (string line in straceSummary.Split('\n'))
        {
            if (line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is ["total", var count])
            {
                return long.Parse(count, CultureInfo.InvariantCulture);
            }
        }
        throw new ToolException($"strace counted nothing: {straceSummary}".TrimEnd());
    }

    private async Task<double> CountPerFlipAsync(string[] options, CancellationToken stop)
    {
        double few = await CountSystemCallsAsync(FewFlips, options, stop);
        double many = await CountSystemCallsAsync(FewFlips + MoreFlips, options, stop);
        return (many - few) / MoreFlips;
    }

    private async Task<long> CountSystemCallsAsync(int flips, string[] options, CancellationToken stop)
    {
        string summary = Path.GetTempFileName();
        try
        {
            await Programs.OutputAsync("strace", ["-f", "-c", "-U", "name,calls", "-o", summary, fbshare, "bench", "--flips", $"{flips}", .. options], stop);
            return TotalOf(await File.ReadAllTextAsync(summary, stop));
        }
        finally
        {
            File.Delete(summary);
        }
    }
}
