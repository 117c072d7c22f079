namespace FbShare.Fuzz;

/// <summary>What hostile input brought about that it must not.</summary>
internal sealed class Harm
{
    private readonly HashSet<string> _kinds = [];

    public List<string> Lines { get; } = [];

    /// <summary>Notes one, with its first appearance only.</summary>
    public void Note(string kind, string line)
    {
        lock (_kinds)
        {
            if (_kinds.Add(kind))
            {
                Lines.Add(line);
            }
        }
    }
}
