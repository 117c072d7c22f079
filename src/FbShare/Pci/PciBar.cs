using FbShare.Linux;

namespace FbShare.Pci;

/// <summary>What one memory BAR of a function gives access to.</summary>
/// <remarks>Accesses were bounds-checked: they are inside <see cref="Size"/>. Hardware cannot report an error to a guest, so there is none
/// here: writes that make no sense have no effect, and registers that do not exist read as zero.</remarks>
internal abstract class PciBar
{
    /// <summary>Bytes; a power of two, 16 or more.</summary>
    public abstract int Size { get; }

    public virtual bool Is64Bit => false;

    public virtual bool Prefetchable => false;

    /// <summary>The file of <see cref="Size"/> bytes that the BAR consists of, owned by the BAR. Whoever has the descriptor can map it, and
    /// accesses need no messages. Null if accesses have side effects.</summary>
    public virtual FileDescriptor? Memory => null;

    public abstract void Read(long offset, Span<byte> destination);

    public abstract void Write(long offset, ReadOnlySpan<byte> source);
}
