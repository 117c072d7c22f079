using FbShare.Linux;
using FbShare.Pci;

namespace FbShare.Bochs;

/// <summary>The Bochs display's memory: a BAR that is a memfd, which a front-end maps, so that the guest draws without messages.</summary>
internal sealed class FrameBufferBar : PciBar, IDisposable
{
    /// <summary>The size in bytes, the same as in QEMU's own Bochs display.</summary>
    public const int Bytes = 16 << 20;

    private readonly FileDescriptor _memory = MemFd.Create("fbshare-boot-screen", Bytes);
    private readonly MemoryMapping _mapping;

    /// <exception cref="LinuxException">There is no memory or no descriptor free.</exception>
    public FrameBufferBar()
    {
        try
        {
            _mapping = MemoryMapping.Map(_memory, 0, Bytes, writable: true);
        }
        catch
        {
            _memory.Dispose();
            throw;
        }
    }

    public override int Size => Bytes;

    public override bool Prefetchable => true;

    public override FileDescriptor Memory => _memory;

    public override void Read(long offset, Span<byte> destination) => _mapping.Slice(offset, destination.Length).CopyTo(destination);

    public override void Write(long offset, ReadOnlySpan<byte> source) => source.CopyTo(_mapping.Slice(offset, source.Length));

    /// <summary>A part of it, bounds-checked. The guest may change it at any time.</summary>
    public ReadOnlySpan<byte> Slice(long offset, int length) => _mapping.Slice(offset, length);

    public void Dispose()
    {
        _mapping.Dispose();
        _memory.Dispose();
    }
}
