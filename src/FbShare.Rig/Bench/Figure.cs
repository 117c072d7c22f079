namespace FbShare.Rig.Bench;

/// <summary>One measured figure.</summary>
/// <param name="Name">Stable, for programs: <c>flip.1080p.cpu</c>.</param>
/// <param name="Unit">Of the value.</param>
/// <param name="Goal">What it should be, in words; empty where it only explains others.</param>
/// <param name="Met">Whether it is; null where there is no goal.</param>
internal sealed record Figure(string Name, double Value, string Unit, string Goal = "", bool? Met = null)
{
    public static Figure AtMost(string name, double value, string unit, double most) => new(name, value, unit, $"<= {most:0.###}", value <= most);

    public static Figure AtLeast(string name, double value, string unit, double least) => new(name, value, unit, $">= {least:0.###}", value >= least);
}
