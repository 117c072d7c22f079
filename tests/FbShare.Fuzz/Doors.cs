namespace FbShare.Fuzz;

/// <summary>The doors by name.</summary>
internal static class Doors
{
    private static readonly Dictionary<string, Func<Door>> All = new()
    {
        ["commands"] = () => new CommandDoor(),
        ["rings"] = () => new RingDoor(),
        ["vhost-user"] = () => new VhostUserDoor(),
        ["vfio-user"] = () => new VfioUserDoor(),
        ["display"] = () => new DisplayDoor(),
        ["files"] = () => new FileDoor(),
    };

    public static IEnumerable<string> Names => All.Keys;

    /// <summary>Works at a door for a while.</summary>
    /// <param name="did">What was done, in a sentence.</param>
    public static Harm Work(string name, Random random, TimeSpan time, out string did)
    {
        using Door door = All[name]();
        long end = Environment.TickCount64 + (long)time.TotalMilliseconds;
        try
        {
            do
            {
                door.Round(random);
            }
            while (Environment.TickCount64 < end);
            door.Finish();
        }
        catch (Exception e)
        {
            door.Harm.Note("round", $"{e.GetType().Name}: {e.Message}\n{e.StackTrace}");
        }
        did = door.Did;
        return door.Harm;
    }
}

/// <summary>One way into a device or a program, and hostile input for it.</summary>
internal abstract class Door : IDisposable
{
    public Harm Harm { get; } = new();

    /// <summary>What was done so far, in a sentence.</summary>
    public abstract string Did { get; }

    /// <summary>Sends some input.</summary>
    public abstract void Round(Random random);

    /// <summary>Looks at what can be judged only afterwards.</summary>
    public virtual void Finish()
    {
    }

    public abstract void Dispose();
}
