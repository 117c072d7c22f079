using System.Diagnostics;
using System.Globalization;

namespace FbShare.Fuzz;

/// <summary>The doors by name.</summary>
internal static class Doors
{
    private static readonly TimeSpan ProgressEvery = TimeSpan.FromSeconds(30);

    private static readonly Dictionary<string, Func<Door>> All = new()
    {
        ["commands"] = () => new CommandDoor(),
        ["rings"] = () => new RingDoor(),
        ["pages"] = () => new PageDoor(),
        ["vhost-user"] = () => new VhostUserDoor(),
        ["vfio-user"] = () => new VfioUserDoor(),
        ["state"] = () => new StateDoor(),
        ["display"] = () => new DisplayDoor(),
        ["viewer"] = () => new ViewerDoor(),
        ["monitor"] = () => new MonitorDoor(),
        ["files"] = () => new FileDoor(),
        ["words"] = () => new WordDoor(),
    };

    public static IEnumerable<string> Names => All.Keys;

    public static Door Open(string name) => All[name]();

    /// <summary>Works at a door for a while, first with what is in its corpus.</summary>
    /// <param name="goal">Both of it are reached, the time and the number of inputs that were answered.</param>
    /// <param name="tell">Told how far it is, now and then.</param>
    /// <returns>What was done, in a sentence, and what harm came of it.</returns>
    public static (string Did, Harm Harm) Work(string name, Random random, Goal goal, Action<string> tell)
    {
        using Door door = Open(name);
        if (door.Lacks is { } lacks)
        {
            return ($"skipped: no {lacks}", door.Harm);
        }
        var watch = Stopwatch.StartNew();
        TimeSpan told = TimeSpan.Zero;
        try
        {
            foreach (byte[] input in Corpus.Read(name))
            {
                door.Take(input);
            }
            do
            {
                door.Round(random);
                if (watch.Elapsed - told >= ProgressEvery)
                {
                    told = watch.Elapsed;
                    tell($"{name}: {Describe(door, watch.Elapsed)}");
                }
            }
            while (watch.Elapsed < goal.Time || door.Tally.Answered < goal.Inputs);
            door.Finish();
        }
        catch (Exception e)
        {
            door.Harm.Note("round", $"{e.GetType().Name}: {e.Message}\n{e.StackTrace}");
        }
        return (Describe(door, watch.Elapsed), door.Harm);
    }

    private static string Describe(Door door, TimeSpan elapsed) => string.Create(
        CultureInfo.InvariantCulture, $"{door.Tally}{(door.Details.Length > 0 ? ", " : "")}{door.Details}, {elapsed.TotalSeconds:0.0} s");
}

/// <summary>How long to work at a door.</summary>
/// <param name="Time">At least so long.</param>
/// <param name="Inputs">And until so many inputs were answered.</param>
internal readonly record struct Goal(TimeSpan Time, long Inputs);
