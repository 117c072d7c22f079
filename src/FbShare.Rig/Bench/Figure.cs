namespace FbShare.Rig.Bench;

/// <summary>One measured figure.</summary>
/// <param name="Name">Never changes, so that programs can use it: <c>flip.1080p.cpu</c>.</param>
/// <param name="Unit">The unit of the value.</param>
/// <param name="Goal">What the value should be, as text; empty if it has no goal.</param>
/// <param name="Met">Whether the goal was met; null if there is none.</param>
public sealed record Figure(string Name, double Value, string Unit, string Goal = "", bool? Met = null)
{
    public static Figure AtMost(string name, double value, string unit, double most) => new(name, value, unit, $"<= {most:0.###}", value <= most);

    public static Figure AtLeast(string name, double value, string unit, double least) => new(name, value, unit, $">= {least:0.###}", value >= least);
}
