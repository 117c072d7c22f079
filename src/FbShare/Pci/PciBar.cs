using FbShare.Linux;

namespace FbShare.Pci;

/// <summary>What lies behind one memory BAR of a function.</summary>
/// <remarks>Accesses come bounds-checked: they are inside <see cref="Size"/>. What a guest writes is never an error here, since
/// hardware has none to give: what makes no sense is without effect, and what is not there reads as zero.</remarks>
public abstract class PciBar
{
    /// <summary>Bytes; a power of two, 16 or more.</summary>
    public abstract int Size { get; }

    public virtual bool Is64Bit => false;

    public virtual bool Prefetchable => false;

    /// <summary>A file of <see cref="Size"/> bytes that the BAR is, so that whoever has the descriptor can map it and no message is
    /// needed for an access; null where accesses have effects. Stays the BAR's.</summary>
    public virtual FileDescriptor? Memory => null;

    public abstract void Read(long offset, Span<byte> destination);

    public abstract void Write(long offset, ReadOnlySpan<byte> source);
}
