using System.Globalization;

namespace FbShare.Fuzz;

/// <summary>How much was sent to a door, and what became of it.</summary>
/// <param name="unit">What is sent: commands, messages, files.</param>
internal sealed class Tally(string unit)
{
    /// <summary>How many were sent.</summary>
    public long Sent { get; set; }

    /// <summary>How many of them were looked at to the end: answered, or read or refused.</summary>
    public long Answered { get; set; }

    /// <summary>How many of those were found right.</summary>
    public long Ok { get; set; }

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"{Answered:N0} of {Sent:N0} {unit} answered, {Ok:N0} of them OK ({100.0 * Ok / Math.Max(Answered, 1):0.0} %)");
}
