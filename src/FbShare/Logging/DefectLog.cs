using Microsoft.Extensions.Logging;

namespace FbShare.Logging;

/// <summary>Tells of defects of this program that a barrier caught: the first time with a trace, so that it can be reported, later with how
/// often it happened.</summary>
public sealed class DefectLog(ILogger log)
{
    /// <summary>More places than this are not told apart.</summary>
    private const int MostKinds = 64;

    private readonly ILogger _log = LogLimit.Around(log);
    private readonly Dictionary<string, int> _seen = [];

    /// <summary>How many there were.</summary>
    public int Count { get; private set; }

    /// <param name="consequence">What was done about it, as the start of a sentence: <c>front-end dismissed</c>.</param>
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
