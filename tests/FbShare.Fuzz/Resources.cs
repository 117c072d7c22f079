using System.Globalization;

namespace FbShare.Fuzz;

/// <summary>What this process holds, to see whether it becomes more.</summary>
internal readonly record struct Resources(int Descriptors, int Mappings, long Heap, long Resident)
{
    private const long MostHeap = 8 << 20;
    private const long MostResident = 64 << 20;
    private const int MostMappings = 100;

    public static Resources Now()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        // What is free is given back, so that the rest is what is held.
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        long pages = long.Parse(File.ReadAllText("/proc/self/statm").Split(' ')[1], CultureInfo.InvariantCulture);
        // .NET opens an assembly when it is first used, and keeps it open.
        int descriptors = Directory.GetFileSystemEntries("/proc/self/fd").Count(f => new FileInfo(f).LinkTarget?.EndsWith(".dll", StringComparison.Ordinal) != true);
        return new Resources(descriptors, File.ReadLines("/proc/self/maps").Count(), GC.GetTotalMemory(true), pages * Environment.SystemPageSize);
    }

    /// <summary>Notes what became more since.</summary>
    /// <param name="spare">Descriptors that may have come in good order.</param>
    public void NoteGrowth(Resources since, Harm harm, int spare = 0)
    {
        Compare("descriptors", since.Descriptors, Descriptors, spare);
        Compare("mappings", since.Mappings, Mappings, MostMappings);
        Compare("bytes of managed memory", since.Heap, Heap, MostHeap);
        Compare("bytes of memory", since.Resident, Resident, MostResident);

        void Compare(string what, long before, long after, long most)
        {
            if (after > before + most)
            {
                harm.Note(what, string.Create(CultureInfo.InvariantCulture, $"{what}: {before:N0} became {after:N0}"));
            }
        }
    }
}
