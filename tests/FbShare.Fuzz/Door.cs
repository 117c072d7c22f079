namespace FbShare.Fuzz;

/// <summary>One way into a device or a program, and hostile input for it.</summary>
/// <param name="unit">What is sent there.</param>
internal abstract class Door(string unit) : IDisposable
{
    public Harm Harm { get; } = new();

    public Tally Tally { get; } = new(unit);

    /// <summary>What this machine lacks for it; null: nothing.</summary>
    public virtual string? Lacks => null;

    /// <summary>What else there is to say of what was done; empty for nothing.</summary>
    public virtual string Details => "";

    /// <summary>Inputs of <see cref="Take"/> to begin with, where nothing is known yet.</summary>
    public virtual IEnumerable<byte[]> Examples
    {
        get
        {
            var random = new Random(1);
            for (int size = 16; size <= 1024; size *= 4)
            {
                byte[] example = new byte[size];
                random.NextBytes(example);
                yield return example;
            }
        }
    }

    /// <summary>Sends some input.</summary>
    public abstract void Round(Random random);

    /// <summary>Sends one input that is known byte by byte, to a peer or a guest that comes and goes with it.</summary>
    public abstract void Take(ReadOnlyMemory<byte> input);

    /// <summary>Looks at what can be judged only afterwards.</summary>
    public virtual void Finish()
    {
    }

    public abstract void Dispose();
}
