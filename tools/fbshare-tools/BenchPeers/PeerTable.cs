using System.Globalization;

namespace FbShare.Tools.BenchPeers;

/// <summary>What was measured, as a Markdown table of medians.</summary>
internal sealed class PeerTable(IReadOnlyList<PeerRow> rows)
{
    public void Write(TextWriter output)
    {
        string first = rows[0].Case.Name;
        double firstSum = Median(rows.Where(r => r.Case == rows[0].Case).Select(r => r.PerFlip.Sum));
        output.WriteLine($"| case | flips/s | QEMU µs/flip | device | viewer | X | together | of {first} | MB QEMU | device | viewer |");
        output.WriteLine("|---|---|---|---|---|---|---|---|---|---|---|");
        foreach (IGrouping<PeerCase, PeerRow> runs in rows.GroupBy(r => r.Case))
        {
            double Of(Func<PeerRow, double> value) => Median(runs.Select(value));
            double sum = Of(r => r.PerFlip.Sum);
            string[] cells =
            [
                runs.Key.Name, Number(Of(r => r.Rate), "0.##"),
                Number(Of(r => r.PerFlip.Qemu), "0.0"), Number(Of(r => r.PerFlip.Device), "0.0"), Number(Of(r => r.PerFlip.Viewer), "0.0"), Number(Of(r => r.PerFlip.X), "0.0"),
                Number(sum, "0.0"), Number(sum / firstSum, "0.00"),
                Number(Of(r => r.Memory.Qemu), "0"), Number(Of(r => r.Memory.Device), "0"), Number(Of(r => r.Memory.Viewer), "0"),
            ];
            output.WriteLine($"| {string.Join(" | ", cells)} |");
        }
        PeerRow[] late = [.. rows.Where(r => r.Latency is not null)];
        if (late.Length > 0)
        {
            output.WriteLine();
            output.WriteLine("How late frames were:");
            output.WriteLine();
            foreach (PeerRow row in late)
            {
                output.WriteLine($"{row.Case.Name}: {row.Latency}");
            }
        }
    }

    /// <summary>The middle value; of an even number, the lower of the two.</summary>
    internal static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[(sorted.Length - 1) / 2];
    }

    /// <summary>A dash for nothing: a case without such a process.</summary>
    private static string Number(double value, string format) => value == 0 ? "-" : value.ToString(format, CultureInfo.InvariantCulture);
}
