namespace FbShare.Linux;

/// <summary>Reports exceptions that are defects of this program and were caught so that it could go on: the first of each kind with its
/// stack trace, so that it can be reported, repetitions with their number only.</summary>
/// <param name="log">Takes whole lines.</param>
public sealed class DefectLog(Action<string> log)
{
    private const int MostKinds = 64;

    private readonly Dictionary<string, int> _seen = [];

    /// <summary>How many there were so far.</summary>
    public int Count { get; private set; }

    /// <param name="consequence">What was done about it; the line starts with it: <c>front-end dismissed</c>.</param>
    public void Report(string consequence, Exception defect)
    {
        Count++;
        string place = $"{defect.GetType()}{defect.StackTrace?.Split('\n')[0]}";
        int times = _seen.GetValueOrDefault(place) + 1;
        if (times > 1 || _seen.Count < MostKinds)
        {
            _seen[place] = times;
        }
        log(times == 1
            ? $"{consequence}: an error in fbshare itself, please report it: {defect}"
            : $"{consequence}: the same error in fbshare for the {times}th time: {defect.Message}");
    }
}
