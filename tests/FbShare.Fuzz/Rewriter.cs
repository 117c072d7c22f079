using FbShare.Rig.Driver;

namespace FbShare.Fuzz;

/// <summary>A guest's second processor: a thread that writes over memory while the device reads it.</summary>
internal sealed class Rewriter : IDisposable
{
    private const int AtATime = 100;

    private readonly Lock _lock = new();
    private readonly Thread _thread;
    private readonly ManualResetEventSlim _wanted = new();
    private GuestRam? _ram;
    private Range[] _ranges = [];
    private bool _stopping;

    public Rewriter()
    {
        _thread = new Thread(Run) { IsBackground = true, Name = "rewriter" };
        _thread.Start();
    }

    /// <summary>How many numbers were written.</summary>
    public long Written { get; private set; }

    /// <summary>Writes over these ranges from now on, until <see cref="Rest"/>.</summary>
    public void Begin(GuestRam ram, params Range[] ranges)
    {
        lock (_lock)
        {
            (_ram, _ranges) = (ram, ranges);
        }
        _wanted.Set();
    }

    /// <summary>Stops writing; the memory may be unmapped afterwards.</summary>
    public void Rest()
    {
        _wanted.Reset();
        lock (_lock)
        {
            _ram = null;
        }
    }

    public void Dispose()
    {
        _stopping = true;
        Rest();
        _wanted.Set();
        _thread.Join();
        _wanted.Dispose();
    }

    private void Run()
    {
        var random = new Random(1);
        while (!_stopping)
        {
            _wanted.Wait();
            lock (_lock)
            {
                if (_ram is not { } ram)
                {
                    continue;
                }
                for (int i = 0; i < AtATime; i++)
                {
                    Range range = _ranges[random.Next(_ranges.Length)];
                    // Whole numbers, and halves that leave the other one right.
                    ulong at = range.Address + (2 * (ulong)random.Next(range.Length / 2));
                    ram.At<ushort>(at) = (ushort)random.Next(random.Next(2) == 0 ? 256 : ushort.MaxValue);
                }
                Written += AtATime;
            }
        }
    }

    /// <summary>Guest memory to write over.</summary>
    internal readonly record struct Range(ulong Address, int Length);
}
