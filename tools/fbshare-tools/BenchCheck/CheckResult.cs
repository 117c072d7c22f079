using System.Globalization;

namespace FbShare.Tools.BenchCheck;

/// <summary>A check's values in the runs so far, until one was good.</summary>
internal sealed class CheckResult(Check check)
{
    private readonly List<double> _values = [];

    public bool IsMet { get; private set; }

    /// <summary>Takes the value of one more run.</summary>
    public void Add(Figures figures)
    {
        double value = Math.Round(check.Value(figures), 3);
        _values.Add(value);
        IsMet = check.Limit.Holds(value);
    }

    /// <summary>Its row of the table.</summary>
    /// <param name="tellsMiss">Whether to say that it was missed, instead of the note.</param>
    public string Row(bool tellsMiss)
    {
        string values = string.Join(' ', _values.Select(value => value.ToString("0.###", CultureInfo.InvariantCulture)));
        return $"{check.Name,-28}{values,10}  {check.Limit,-8} {(tellsMiss && !IsMet ? "MISSED" : check.Note)}";
    }
}
