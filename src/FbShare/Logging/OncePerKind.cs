namespace FbShare.Logging;

/// <summary>Which kinds of something were told already, so that each is told once.</summary>
/// <remarks>It remembers a limited number and then starts anew: whoever causes many kinds can neither make it grow nor keep it from telling
/// of the next one. How often that may be is <see cref="LogLimit"/>'s.</remarks>
internal sealed class OncePerKind<TKind>
    where TKind : notnull
{
    /// <summary>The most kinds that are remembered.</summary>
    public const int Most = 64;

    private readonly HashSet<TKind> _told = [];

    public int Count => _told.Count;

    /// <summary>True the first time that it is asked about a kind.</summary>
    public bool IsFirst(TKind kind)
    {
        if (_told.Contains(kind))
        {
            return false;
        }
        if (_told.Count == Most)
        {
            _told.Clear();
        }
        return _told.Add(kind);
    }

    public void Clear() => _told.Clear();
}
