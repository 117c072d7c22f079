using System.Globalization;

namespace FbShare.Tests;

/// <summary>What this process holds, to see whether it becomes more.</summary>
/// <param name="Descriptors">Open descriptors, but for the assemblies that .NET opens when it first uses them, and keeps open.</param>
/// <param name="Mappings">Areas of its address space.</param>
/// <param name="Heap">Bytes of managed objects.</param>
/// <param name="Resident">Bytes of memory.</param>
internal readonly record struct HeldResources(int Descriptors, int Mappings, long Heap, long Resident)
{
    public static HeldResources Now()
    {
        GC.Collect();
        // What was left to finalizers is a leak only if they do not help.
        GC.WaitForPendingFinalizers();
        // What is free is given back, so that the rest is what is held.
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        long pages = long.Parse(File.ReadAllText("/proc/self/statm").Split(' ')[1], CultureInfo.InvariantCulture);
        int descriptors = Directory.GetFileSystemEntries("/proc/self/fd").Count(f => new FileInfo(f).LinkTarget?.EndsWith(".dll", StringComparison.Ordinal) != true);
        return new HeldResources(descriptors, File.ReadLines("/proc/self/maps").Count(), GC.GetTotalMemory(true), pages * Environment.SystemPageSize);
    }

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture, $"{Descriptors} descriptors, {Mappings} mappings, {Heap / 1e6:0.0} MB of managed objects, {Resident / 1e6:0.0} MB resident");
}
