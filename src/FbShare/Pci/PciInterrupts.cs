using FbShare.Keeping;
using FbShare.Linux;

namespace FbShare.Pci;

/// <summary>A function's interrupts: INTx, which has a level, and MSI-X vectors, which have none. Each is signalled through an eventfd that the
/// virtual machine monitor gives.</summary>
/// <remarks>An interrupt that is raised while it has no eventfd is kept and signalled when it gets one: when the guest uses one vector more,
/// the monitor takes all eventfds away and gives them again. Owns the eventfds.</remarks>
internal sealed class PciInterrupts : IDisposable
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

    /// <summary>Whether an MSI-X vector has an eventfd. Then the function uses MSI-X and not INTx.</summary>
    public bool UsesVectors { get; private set; }

    /// <summary>INTx's level.</summary>
    public bool IsAsserted { get; private set; }

    /// <summary>Whether the vector was raised but could not be signalled yet (its bit in the pending bit array).</summary>
    public bool IsPending(int vector) => _pending[vector];

    /// <summary>Gives INTx its eventfd, or takes it away.</summary>
    /// <param name="eventFd">Owned from here on.</param>
    public void SetLine(EventFd? eventFd)
    {
        _line?.Dispose();
        _line = eventFd;
        _masked = false;
        SignalLevel();
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

    /// <summary>Raises a vector. With a number that does not exist, the guest says that it wants no interrupt.</summary>
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

    /// <summary>Sets INTx's level. INTx is signalled when the level rises, and again whenever it is unmasked while the level is high.</summary>
    public void SetLevel(bool asserted)
    {
        bool rose = asserted && !IsAsserted;
        IsAsserted = asserted;
        if (rose)
        {
            SignalLevel();
        }
    }

    /// <summary>Follows the command register's Interrupt Disable bit: INTx is not signalled while it is set.</summary>
    internal void DisableLine(bool disabled)
    {
        bool enabled = _disabled && !disabled;
        _disabled = disabled;
        if (enabled)
        {
            SignalLevel();
        }
    }

    internal void Save(ref StateWriter writer)
    {
        writer.Write((byte)(IsAsserted ? 1 : 0));
        writer.Write((byte)(_masked ? 1 : 0));
        ulong pending = 0;
        for (int i = 0; i < _pending.Length; i++)
        {
            pending |= _pending[i] ? 1UL << i : 0;
        }
        writer.Write(pending);
    }

    internal void Resume(ref StateReader reader)
    {
        IsAsserted = reader.Read<byte>() != 0;
        _masked = reader.Read<byte>() != 0;
        ulong pending = reader.Read<ulong>();
        for (int i = 0; i < _pending.Length; i++)
        {
            _pending[i] = (pending & (1UL << i)) != 0;
        }
    }

    public void MaskLine() => _masked = true;

    /// <summary>The guest has handled INTx: it is signalled again if the level is still high.</summary>
    public void UnmaskLine()
    {
        _masked = false;
        SignalLevel();
    }

    /// <summary>Takes back all interrupts. The eventfds stay, because they are the monitor's and not the guest's.</summary>
    public void Reset()
    {
        IsAsserted = false;
        _masked = false;
        _disabled = false;
        Array.Clear(_pending);
    }

    /// <summary>Takes back all interrupts and closes the eventfds.</summary>
    public void Dispose()
    {
        SetLine(null);
        ClearVectors();
        Reset();
    }

    /// <summary>Signals INTx once, whatever its level.</summary>
    public void SignalLine() => _line?.Signal();

    private void SignalLevel()
    {
        if (_line is null || _masked || _disabled || !IsAsserted)
        {
            return;
        }
        // As in VFIO, INTx is masked from now until the monitor unmasks it.
        _masked = true;
        _line.Signal();
    }
}
