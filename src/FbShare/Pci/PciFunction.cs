using FbShare.Keeping;

namespace FbShare.Pci;

/// <summary>One PCI function: its configuration space, BARs, expansion ROM and interrupts.</summary>
/// <remarks>Independent of the transport, which calls this for the guest's accesses, on the device's loop.</remarks>
public abstract class PciFunction : IDisposable
{
    private readonly PciBar?[] _bars = new PciBar?[PciConfigSpace.BarCount];

    /// <param name="vectors">How many MSI-X vectors it has.</param>
    private protected PciFunction(PciConfigSpace config, int vectors)
    {
        Config = config;
        Interrupts = new PciInterrupts(vectors);
    }

    internal PciInterrupts Interrupts { get; }

    /// <summary>The expansion ROM, a power of two in bytes; empty where there is none.</summary>
    internal ReadOnlyMemory<byte> Rom { get; private set; }

    private protected PciConfigSpace Config { get; }

    /// <summary>A BAR by its number; null if the function does not have it.</summary>
    internal PciBar? GetBar(int index) => (uint)index < (uint)_bars.Length ? _bars[index] : null;

    /// <summary>Reads configuration registers.</summary>
    internal virtual void ReadConfig(int offset, Span<byte> destination)
    {
        Config.SetInterruptStatus(Interrupts.IsAsserted);
        Config.Read(offset, destination);
    }

    /// <summary>Writes configuration registers.</summary>
    internal virtual void WriteConfig(int offset, ReadOnlySpan<byte> source)
    {
        Config.Write(offset, source);
        Interrupts.DisableLine(Config.InterruptDisabled);
    }

    /// <summary>Returns to the state at power-on.</summary>
    internal virtual void Reset()
    {
        Config.Reset();
        Interrupts.Reset();
    }

    /// <summary>Writes down the registers for the device that goes on if this one dies. The interrupts' eventfds are the transport's.</summary>
    internal virtual void SaveState(ref StateWriter writer)
    {
        Config.Save(ref writer);
        Interrupts.Save(ref writer);
    }

    /// <summary>Goes on from the registers that a device that died has written down, and from its eventfds, which the transport has given already.</summary>
    internal virtual void ResumeState(ref StateReader reader)
    {
        Config.Resume(ref reader);
        Interrupts.Resume(ref reader);
        Interrupts.DisableLine(Config.InterruptDisabled);
    }

    /// <summary>Does the work that an access has started and that the guest does not wait for. Called after every access was answered.</summary>
    internal abstract void DoWork();

    /// <summary>Closes its interrupts.</summary>
    public virtual void Dispose()
    {
        Interrupts.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected void AddBar(int index, PciBar bar)
    {
        _bars[index] = bar;
        Config.AddBar(index, bar);
    }

    private protected void AddRom(ReadOnlyMemory<byte> rom)
    {
        Rom = rom;
        Config.AddRom(rom.Length);
    }
}
