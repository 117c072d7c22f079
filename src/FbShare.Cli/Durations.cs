using System.Globalization;

namespace FbShare.Cli;

/// <summary>Lengths of time as people type them: <c>1s</c>, <c>250ms</c>, <c>2m</c>, <c>1.5</c> (seconds).</summary>
internal static class Durations
{
    public static bool TryParse(string text, out TimeSpan duration)
    {
        (string number, double seconds) = text switch
        {
            _ when text.EndsWith("ms", StringComparison.Ordinal) => (text[..^2], 0.001),
            _ when text.EndsWith('s') => (text[..^1], 1.0),
            _ when text.EndsWith('m') => (text[..^1], 60.0),
            _ => (text, 1.0),
        };
        bool good = double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value) && value * seconds < 1e6;
        duration = good ? TimeSpan.FromSeconds(value * seconds) : default;
        return good;
    }
}
