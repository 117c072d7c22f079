using System.Runtime.InteropServices;
using SharpFuzz;
using SharpFuzz.Common;

namespace FbShare.Fuzz;

/// <summary>A door whose branches are counted: the assemblies that it leads into were instrumented by the program "sharpfuzz".</summary>
internal static class CoverageTarget
{
    /// <summary>AFL's map: a byte for each branch, which counts how often it was taken.</summary>
    private const int MapSize = 1 << 16;

    /// <summary>How often an input is repeated: which branches the device's thread takes depends on its timing, too.</summary>
    private const int Repetitions = 4;

    /// <summary>Whether this process is such a target.</summary>
    public static bool IsRunning { get; private set; }

    /// <summary>Gives the instrumented code somewhere to count, without which it must not run.</summary>
    /// <returns>As many bytes as its branches have numbers; they are never freed.</returns>
    public static unsafe nint Prepare()
    {
        IsRunning = true;
        // SAFETY: instrumented code writes into these bytes, at places below MapSize.
        Trace.SharedMem = (byte*)NativeMemory.AllocZeroed(MapSize);
        return (nint)Trace.SharedMem;
    }

    /// <summary>Serves AFL++, which sends inputs, is told which branches each of them took, and keeps those that took new ones.</summary>
    public static void Run(string name)
    {
        Prepare();
        using Door door = Open(name);
        Fuzzer.Run(stream =>
        {
            using var input = new MemoryStream();
            stream.CopyTo(input);
            door.Take(input.ToArray());
            if (door.Harm.Lines is [var first, ..])
            {
                throw new InvalidOperationException(first);
            }
        });
    }

    /// <summary>Writes a door's corpus anew: of its inputs and the given ones as few as reach what all reach, short ones first.</summary>
    /// <param name="project">The folder of this program's sources.</param>
    public static unsafe void Minimise(string name, string project, IEnumerable<byte[]> found)
    {
        byte* map = (byte*)Prepare();
        using Door door = Open(name);
        var reached = new HashSet<int>();
        var kept = new List<byte[]>();
        int tried = 0;
        foreach (byte[] input in Corpus.Read(name).Concat(found).DistinctBy(Convert.ToBase64String).OrderBy(i => i.Length).ToArray())
        {
            tried++;
            HashSet<int>? always = null;
            for (int i = 0; i < Repetitions; i++)
            {
                // SAFETY: the map's size.
                var counts = new Span<byte>(map, MapSize);
                counts.Clear();
                door.Take(input);
                var taken = new HashSet<int>();
                for (int branch = 0; branch < MapSize; branch++)
                {
                    if (counts[branch] != 0)
                    {
                        taken.Add((branch << 8) | Bucket(counts[branch]));
                    }
                }
                always = always is null ? taken : [.. always.Intersect(taken)];
            }
            int before = reached.Count;
            reached.UnionWith(always!);
            if (reached.Count > before)
            {
                kept.Add(input);
            }
        }
        Corpus.Write(project, name, kept);
        Console.WriteLine($"{name}: {kept.Count} of {tried} inputs reach {reached.DistinctBy(r => r >> 8).Count()} branches");
    }

    /// <summary>A count as AFL++ sees it: once, twice, three times, some, many.</summary>
    private static int Bucket(byte count) => count switch { 1 => 1, 2 => 2, 3 => 3, < 8 => 4, < 16 => 5, < 32 => 6, < 128 => 7, _ => 8 };

    private static Door Open(string name)
    {
        Door door = Doors.Open(name);
        // What is done only once must not look as if an input had done it.
        foreach (byte[] example in door.Examples)
        {
            door.Take(example);
        }
        return door;
    }
}
