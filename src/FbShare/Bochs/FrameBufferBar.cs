using FbShare.Linux;
using FbShare.Pci;

namespace FbShare.Bochs;

/// <summary>The Bochs display's memory: a BAR that is a memfd, so that a front-end maps it and a guest draws without messages.</summary>
internal sealed class FrameBufferBar : PciBar, IDisposable
{
    /// <summary>Bytes: what QEMU's own has.</summary>
    public const int Bytes = 16 << 20;

    private readonly FileDescriptor _memory = MemFd.Create("fbshare-boot-screen", Bytes);
    private readonly MemoryMapping _mapping;

    /// <exception cref="LinuxException">No memory or no descriptor.</exception>
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

    /// <summary>A window of it, bounds-checked. The guest may write it at any time.</summary>
    public ReadOnlySpan<byte> Slice(long offset, int length) => _mapping.Slice(offset, length);

    public void Dispose()
    {
        _mapping.Dispose();
        _memory.Dispose();
    }
}
