using System.Diagnostics.CodeAnalysis;
using FbShare.Memory;
using FbShare.Virtio;

namespace FbShare.VirtioPci;

/// <summary>What the driver has told of one queue, and the queue while it runs.</summary>
internal sealed class VirtioPciQueue
{
    /// <summary>The most entries, and how many until the driver asks for fewer.</summary>
    public const ushort MaxSize = 256;

    private readonly Action _call;
    private ulong _descriptors;
    private ulong _driver;
    private ulong _device;

    /// <param name="call">Interrupts the driver for this queue.</param>
    public VirtioPciQueue(int index, Action<VirtioPciQueue> call)
    {
        Index = index;
        _call = () => call(this);
        Reset();
    }

    public int Index { get; }

    public ushort Size { get; private set; }

    /// <summary>Its MSI-X vector.</summary>
    public ushort Vector { get; set; }

    /// <summary>Whether the driver enabled it. It runs from then on, but not before the driver is ready.</summary>
    public bool Enabled { get; private set; }

    /// <summary>Whether the driver has told of something that was not looked at yet.</summary>
    public bool Notified { get; set; }

    /// <summary>The running queue; null before it runs.</summary>
    public Virtqueue? Ring { get; private set; }

    public ulong Descriptors => _descriptors;

    public ulong Driver => _driver;

    public ulong Device => _device;

    /// <summary>As after a reset of the device or of the queue alone.</summary>
    public void Reset()
    {
        Size = MaxSize;
        Vector = VirtioPciDevice.NoVector;
        (_descriptors, _driver, _device) = (0, 0, 0);
        Enabled = false;
        Notified = false;
        Ring = null;
    }

    /// <summary>Takes the size if it is one that a ring can have; otherwise the old one stays, which the driver reads back.</summary>
    public void SetSize(ushort size)
    {
        if (!Enabled && size is > 0 and <= MaxSize && (size & (size - 1)) == 0)
        {
            Size = size;
        }
    }

    /// <summary>Writes an address or a half of one.</summary>
    /// <param name="register">Its register, QueueDescriptors, QueueDriver or QueueDevice.</param>
    /// <param name="offset">0 or 4.</param>
    /// <param name="length">4 or 8 bytes.</param>
    public void SetAddress(int register, int offset, int length, ulong value)
    {
        if (Enabled)
        {
            return;
        }
        ref ulong address = ref register == CommonRegisters.QueueDescriptorsAt ? ref _descriptors
            : ref register == CommonRegisters.QueueDriverAt ? ref _driver : ref _device;
        address = length == sizeof(ulong) ? value
            : offset == 0 ? (address & 0xffff_ffff_0000_0000) | value
            : (address & 0xffff_ffff) | (value << 32);
    }

    public void Enable() => Enabled = true;

    /// <summary>Begins to run.</summary>
    public bool TryStart(GuestMemoryMap memory, VirtioFeatures features, [NotNullWhen(false)] out string? why)
    {
        if (!Virtqueue.TryCreate(memory, Size, _descriptors, _driver, _device, 0, features, out Virtqueue? ring, out why))
        {
            return false;
        }
        ring.Call = _call;
        Ring = ring;
        Notified = true;
        return true;
    }
}
