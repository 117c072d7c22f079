namespace FbShare.Fuzz;

/// <summary>What hostile input brought about that it must not.</summary>
internal sealed class Harm
{
    private readonly HashSet<string> _kinds = [];
    private readonly List<string> _lines = [];

    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (_kinds)
            {
                return [.. _lines];
            }
        }
    }

    /// <summary>Notes one, with its first appearance only.</summary>
    public void Note(string kind, string line)
    {
        lock (_kinds)
        {
            if (_kinds.Add(kind))
            {
                _lines.Add(line);
            }
        }
    }
}
