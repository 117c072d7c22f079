using System.Buffers.Binary;
using FbShare.Keeping;
using FbShare.Pci;

namespace FbShare.VirtioPci;

/// <summary>The BAR with a virtio device's structures, each in pages of its own (virtio 1.3, section 4.1.4), and the MSI-X table.</summary>
internal sealed class VirtioPciBar(VirtioPciDevice device, PciInterrupts interrupts) : PciBar
{
    public const int CommonAt = 0;
    public const int CommonSize = 0x40;
    public const int IsrAt = 0x1000;
    public const int IsrSize = 1;
    public const int DeviceAt = 0x2000;
    public const int DeviceSize = 0x100;
    public const int NotifyAt = 0x3000;
    public const int NotifySize = 0x1000;
    public const int VectorTableAt = 0x4000;
    public const int PendingBitsAt = 0x5000;

    /// <summary>Bytes from one queue's notification address to the next one's.</summary>
    public const int NotifyMultiplier = 4;

    private const int AreaSize = 0x1000;
    private const int VectorEntrySize = 16;
    private const int VectorControlAt = 12;

    private readonly byte[] _vectorTable = MaskedTable(interrupts.VectorCount);

    public override int Size => 0x8000;

    public override bool Is64Bit => true;

    public override bool Prefetchable => true;

    public override void Read(long offset, Span<byte> destination)
    {
        destination.Clear();
        int within = (int)(offset % AreaSize);
        switch (offset - within)
        {
            case CommonAt:
                device.ReadCommon(within, destination);
                break;
            case IsrAt when within < IsrSize && destination.Length > 0:
                destination[0] = device.ReadIsr();
                break;
            case DeviceAt when within < DeviceSize:
                device.ReadDeviceConfig(within, destination);
                break;
            case VectorTableAt:
                CopyOut(_vectorTable, within, destination);
                break;
            case PendingBitsAt:
                CopyOut(PendingBits(), within, destination);
                break;
        }
    }

    public override void Write(long offset, ReadOnlySpan<byte> source)
    {
        int within = (int)(offset % AreaSize);
        switch (offset - within)
        {
            case CommonAt:
                device.WriteCommon(within, source);
                break;
            case DeviceAt when within < DeviceSize:
                device.WriteDeviceConfig(within, source);
                break;
            case NotifyAt:
                device.Notify(within / NotifyMultiplier);
                break;
            case VectorTableAt when within + source.Length <= _vectorTable.Length:
                // Kept only to be read back: the vectors themselves come as eventfds.
                source.CopyTo(_vectorTable.AsSpan(within));
                break;
        }
    }

    /// <summary>Returns to the state at power-on: every vector is masked.</summary>
    public void Reset() => MaskedTable(interrupts.VectorCount).CopyTo(_vectorTable, 0);

    public void Save(ref StateWriter writer) => writer.Write(_vectorTable);

    public void Resume(ref StateReader reader) => reader.Read(_vectorTable);

    private static byte[] MaskedTable(int vectors)
    {
        var table = new byte[vectors * VectorEntrySize];
        for (int i = 0; i < vectors; i++)
        {
            table[(i * VectorEntrySize) + VectorControlAt] = 1;
        }
        return table;
    }

    private static void CopyOut(ReadOnlySpan<byte> source, int offset, Span<byte> destination)
    {
        if (offset < source.Length)
        {
            source = source[offset..];
            source[..Math.Min(source.Length, destination.Length)].CopyTo(destination);
        }
    }

    private byte[] PendingBits()
    {
        ulong bits = 0;
        for (int i = 0; i < interrupts.VectorCount; i++)
        {
            bits |= interrupts.IsPending(i) ? 1UL << i : 0;
        }
        var bytes = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, bits);
        return bytes;
    }
}
