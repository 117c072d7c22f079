using System.Globalization;

namespace FbShare.Tools.BenchCheck;

/// <summary>What a figure must be.</summary>
internal sealed record Limit
{
    private readonly string _sign;
    private readonly double _value;
    private readonly Func<double, bool> _holds;

    private Limit(string sign, double value, Func<double, bool> holds) => (_sign, _value, _holds) = (sign, value, holds);

    public static Limit AtMost(double most) => new("<=", most, value => value <= most);

    public static Limit AtLeast(double least) => new(">=", least, value => value >= least);

    public static Limit Exactly(double wanted) => new("==", wanted, value => value == wanted);

    public bool Holds(double value) => _holds(value);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{_sign} {_value:0.###}");
}
