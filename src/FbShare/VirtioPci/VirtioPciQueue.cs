using System.Diagnostics.CodeAnalysis;
using FbShare.Keeping;
using FbShare.Memory;
using FbShare.Virtio;

namespace FbShare.VirtioPci;

/// <summary>The settings that the driver has made for one queue, and the queue itself while it runs.</summary>
internal sealed class VirtioPciQueue
{
    /// <summary>The largest number of entries, which is used unless the driver asks for fewer.</summary>
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

    /// <summary>Whether the driver has enabled it. It runs once the driver is ready as well.</summary>
    public bool Enabled { get; private set; }

    /// <summary>Whether the driver has notified it and the queue was not looked at since.</summary>
    public bool Notified { get; set; }

    /// <summary>The running queue; null until it runs.</summary>
    public Virtqueue? Ring { get; private set; }

    public ulong Descriptors => _descriptors;

    public ulong Driver => _driver;

    public ulong Device => _device;

    /// <summary>Returns to the state after a reset of the device or of this queue.</summary>
    public void Reset()
    {
        Size = MaxSize;
        Vector = VirtioPciDevice.NoVector;
        (_descriptors, _driver, _device) = (0, 0, 0);
        Enabled = false;
        Notified = false;
        Ring = null;
    }

    /// <summary>Sets the size if it is valid. Otherwise the old one stays, and the driver reads that back.</summary>
    public void SetSize(ushort size)
    {
        if (!Enabled && size is > 0 and <= MaxSize && (size & (size - 1)) == 0)
        {
            Size = size;
        }
    }

    /// <summary>Writes an address or half of one.</summary>
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

    public void Save(ref StateWriter writer)
    {
        writer.Write(Size);
        writer.Write(Vector);
        writer.Write(_descriptors);
        writer.Write(_driver);
        writer.Write(_device);
        writer.Write((byte)(Enabled ? 1 : 0));
    }

    /// <summary>Takes over what was set; the queue is not started by that.</summary>
    public void Resume(ref StateReader reader)
    {
        SetSize(reader.Read<ushort>());
        Vector = reader.Read<ushort>();
        (_descriptors, _driver, _device) = (reader.Read<ulong>(), reader.Read<ulong>(), reader.Read<ulong>());
        Enabled = reader.Read<byte>() != 0;
    }

    /// <summary>Starts the queue.</summary>
    /// <param name="ledger">Where to write down what is under way; null for nowhere.</param>
    /// <param name="resumes">Whether to go on from what the ledger says.</param>
    public bool TryStart(GuestMemoryMap memory, VirtioFeatures features, RingLedger? ledger, bool resumes, [NotNullWhen(false)] out string? why)
    {
        if (!Virtqueue.TryCreate(memory, Size, _descriptors, _driver, _device, 0, features, out Virtqueue? ring, out why))
        {
            return false;
        }
        if (ledger is not null && resumes)
        {
            ring.Resume(ledger);
        }
        else if (ledger is not null)
        {
            ring.Track(ledger);
        }
        ring.Call = _call;
        Ring = ring;
        Notified = true;
        return true;
    }
}
