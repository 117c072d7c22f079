namespace FbShare.Fuzz;

/// <summary>What this process holds, to see whether it becomes more.</summary>
internal readonly record struct Resources(int Descriptors, long Heap, long Resident)
{
    public static Resources Now()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        long pages = long.Parse(File.ReadAllText("/proc/self/statm").Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture);
        // .NET opens an assembly when it is first used, and keeps it open.
        int descriptors = Directory.GetFileSystemEntries("/proc/self/fd").Count(f => new FileInfo(f).LinkTarget?.EndsWith(".dll", StringComparison.Ordinal) != true);
        return new Resources(descriptors, GC.GetTotalMemory(true), pages * Environment.SystemPageSize);
    }

    /// <summary>Notes what became more since.</summary>
    /// <param name="spare">Descriptors that may have come in good order.</param>
    public void NoteGrowth(Resources since, Harm harm, int spare = 0)
    {
        if (Descriptors > since.Descriptors + spare)
        {
            harm.Note("descriptors", $"descriptors: {since.Descriptors} -> {Descriptors}");
        }
        if (Heap > since.Heap + (8 << 20))
        {
            harm.Note("heap", $"managed memory: {since.Heap >> 10} -> {Heap >> 10} KiB");
        }
    }
}
