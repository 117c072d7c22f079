using FbShare.Linux;

namespace FbShare.Pci;

/// <summary>A function's interrupts, each an eventfd that whoever has the guest gave: INTx, which is a level, and MSI-X vectors, which
/// are edges.</summary>
/// <remarks>An interrupt raised while it has no eventfd is kept and comes with the next one: whoever has the guest takes them all
/// away and gives them anew when the guest asks for one vector more. Owns the eventfds.</remarks>
public sealed class PciInterrupts : IDisposable
{
    private readonly EventFd?[] _vectors;
    private readonly bool[] _pending;
    private EventFd? _line;
    private bool _masked;
    private bool _disabled;

    internal PciInterrupts(int vectors)
    {
        _vectors = new EventFd?[vectors];
        _pending = new bool[vectors];
    }

    /// <summary>How many MSI-X vectors there are.</summary>
    public int VectorCount => _vectors.Length;

    /// <summary>Whether some MSI-X vector has an eventfd: the function uses those then, not INTx.</summary>
    public bool UsesVectors { get; private set; }

    /// <summary>INTx's level.</summary>
    public bool IsAsserted { get; private set; }

    /// <summary>Whether the vector was raised and could not be told (a bit of the pending bit array).</summary>
    public bool IsPending(int vector) => _pending[vector];

    /// <summary>Gives INTx its eventfd, or takes it away.</summary>
    /// <param name="eventFd">Owned from here on.</param>
    public void SetLine(EventFd? eventFd)
    {
        _line?.Dispose();
        _line = eventFd;
        _masked = false;
        TellLevel();
    }

    /// <summary>Gives a vector its eventfd, or takes it away.</summary>
    /// <param name="eventFd">Owned from here on.</param>
    public void SetVector(int vector, EventFd? eventFd)
    {
        _vectors[vector]?.Dispose();
        _vectors[vector] = eventFd;
        UsesVectors = Array.Exists(_vectors, v => v is not null);
        if (eventFd is not null && _pending[vector])
        {
            _pending[vector] = false;
            eventFd.Signal();
        }
    }

    /// <summary>Takes every vector's eventfd away.</summary>
    public void ClearVectors()
    {
        for (int i = 0; i < _vectors.Length; i++)
        {
            SetVector(i, null);
        }
    }

    /// <summary>Raises a vector; one that the function does not have is the guest's way to want no interrupt.</summary>
    public void Raise(int vector)
    {
        if ((uint)vector >= (uint)_vectors.Length)
        {
            return;
        }
        if (_vectors[vector] is { } eventFd)
        {
            eventFd.Signal();
        }
        else
        {
            _pending[vector] = true;
        }
    }

    /// <summary>Sets INTx's level. It is told when it rises, and again at every unmasking while it is up.</summary>
    public void SetLevel(bool asserted)
    {
        bool rose = asserted && !IsAsserted;
        IsAsserted = asserted;
        if (rose)
        {
            TellLevel();
        }
    }

    /// <summary>The command register's Interrupt Disable bit: INTx is not told while it is set.</summary>
    internal void DisableLine(bool disabled)
    {
        bool enabled = _disabled && !disabled;
        _disabled = disabled;
        if (enabled)
        {
            TellLevel();
        }
    }

    public void MaskLine() => _masked = true;

    /// <summary>The guest has handled INTx: it comes again if the level is still up.</summary>
    public void UnmaskLine()
    {
        _masked = false;
        TellLevel();
    }

    /// <summary>Nothing is raised any more; the eventfds stay, which are not the guest's.</summary>
    public void Reset()
    {
        IsAsserted = false;
        _masked = false;
        _disabled = false;
        Array.Clear(_pending);
    }

    /// <summary>Forgets eventfds and what was raised.</summary>
    public void Dispose()
    {
        SetLine(null);
        ClearVectors();
        Reset();
    }

    /// <summary>Tells INTx once, whatever its level.</summary>
    public void SignalLine() => _line?.Signal();

    private void TellLevel()
    {
        if (_line is null || _masked || _disabled || !IsAsserted)
        {
            return;
        }
        // Masked from here until whoever has the guest unmasks it, as VFIO's INTx is.
        _masked = true;
        _line.Signal();
    }
}
