using System.Globalization;
using FbShare.Tests;

namespace FbShare.Fuzz;

/// <summary>What hostile input brought about that it must not.</summary>
internal sealed class Harm
{
    private const long MostHeap = 8 << 20;
    private const long MostResident = 64 << 20;
    private const int MostMappings = 100;

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

    /// <summary>Notes what this process holds more of than before.</summary>
    /// <param name="spare">Descriptors that may have come in good order.</param>
    public void NoteGrowth(HeldResources since, int spare = 0)
    {
        HeldResources now = HeldResources.Now();
        Compare("descriptors", since.Descriptors, now.Descriptors, spare);
        Compare("mappings", since.Mappings, now.Mappings, MostMappings);
        Compare("bytes of managed objects", since.Heap, now.Heap, MostHeap);
        Compare("bytes of memory", since.Resident, now.Resident, MostResident);

        void Compare(string what, long before, long after, long most)
        {
            if (after > before + most)
            {
                Note(what, string.Create(CultureInfo.InvariantCulture, $"{what}: {before:N0} became {after:N0}"));
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
