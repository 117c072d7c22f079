using FbShare.Keeping;
using FbShare.Linux;
using FbShare.Memory;
using FbShare.Pci;

namespace FbShare.Bochs;

/// <summary>The Bochs display's memory: a BAR that is a memfd, which a front-end maps, so that the guest draws without messages.</summary>
internal sealed class FrameBufferBar : PciBar, IDisposable
{
    /// <summary>The size in bytes, the same as in QEMU's own Bochs display.</summary>
    public const int Bytes = 16 << 20;

    private readonly FrameBuffer _memory;
    private readonly MemoryRegion _region;

    /// <param name="keeper">May have the memory of a device that died; null for none.</param>
    /// <exception cref="LinuxException">There is no memory or no descriptor free.</exception>
    public FrameBufferBar(Keeper? keeper)
    {
        FileDescriptor? left = keeper?.Take(DescriptorKind.BootScreen);
        _memory = left is null ? FrameBuffer.CreateWritable(Bytes) : new FrameBuffer(left, Bytes);
        if (left is null)
        {
            keeper?.Keep(DescriptorKind.BootScreen, 0, _memory.Memory);
        }
        try
        {
            _region = MemoryRegion.Map(_memory.Memory.Duplicate(), 0, Bytes, 0, 0);
            Pages = Backing.Of(_region);
        }
        catch
        {
            _memory.Dispose();
            throw;
        }
    }

    /// <summary>All of it, as pages that dma-bufs can be made of; owned by this object.</summary>
    public Backing Pages { get; }

    public override int Size => Bytes;

    public override bool Prefetchable => true;

    public override FileDescriptor Memory => _memory.Memory;

    public override void Read(long offset, Span<byte> destination) => _memory.Slice(offset, destination.Length).CopyTo(destination);

    public override void Write(long offset, ReadOnlySpan<byte> source) => source.CopyTo(_memory.Slice(offset, source.Length));

    /// <summary>A part of it, bounds-checked. The guest may change it at any time.</summary>
    public ReadOnlySpan<byte> Slice(long offset, int length) => _memory.Slice(offset, length);

    public void Dispose()
    {
        Pages.Dispose();
        _region.Release();
        _memory.Dispose();
    }
}
