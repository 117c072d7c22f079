using System.Text.Json;

namespace FbShare.Tools.BenchCheck;

/// <summary>What was measured in one run, by the names that <c>fbshare bench</c> gives.</summary>
internal sealed class Figures(IReadOnlyDictionary<string, double> values, double systemCallsPerFlip, double systemCallsPerWatchedFlip)
{
    /// <summary>While nobody looks.</summary>
    public double SystemCallsPerFlip { get; } = systemCallsPerFlip;

    /// <summary>While a viewer of the guest's own pages answers each picture, its own included.</summary>
    public double SystemCallsPerWatchedFlip { get; } = systemCallsPerWatchedFlip;

    /// <exception cref="ToolException">There is none.</exception>
    public double this[string name] => Find(name) ?? throw new ToolException($"fbshare bench has no figure '{name}'");

    public double? Find(string name) => values.TryGetValue(name, out double value) ? value : null;

    /// <summary>Reads what <c>fbshare bench --json</c> prints.</summary>
    /// <exception cref="ToolException">It is something else.</exception>
    public static Figures Parse(string json, double systemCallsPerFlip, double systemCallsPerWatchedFlip)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return new Figures(
                document.RootElement.GetProperty("figures").EnumerateArray().ToDictionary(f => f.GetProperty("name").GetString()!, f => f.GetProperty("value").GetDouble()),
                systemCallsPerFlip,
                systemCallsPerWatchedFlip);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new ToolException($"fbshare bench --json printed what is not its JSON: {e.Message}", e);
        }
    }
}
