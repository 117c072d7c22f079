using Microsoft.Extensions.Logging;

namespace FbShare.Logging;

/// <summary>Reports exceptions that are defects of this program and were caught so that it could go on: the first of each kind with its
/// stack trace, so that it can be reported, repetitions with their number only.</summary>
internal sealed class DefectLog(ILogger log)
{
    /// <summary>More places than this are not told apart.</summary>
    private const int MostKinds = 64;

    private readonly ILogger _log = LogLimit.Around(log);
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
        if (times == 1)
        {
            _log.NewDefect(consequence, defect.ToString());
        }
        else
        {
            _log.KnownDefect(consequence, times, defect.Message);
        }
    }
}
