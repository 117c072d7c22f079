using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using FbShare.Memory;

namespace FbShare.Virtio;

/// <summary>The device's side of a split virtqueue (virtio 1.3, section 2.7).</summary>
/// <remarks>The rings are guest memory: everything read from them is read once and checked. A ring that breaks the rules
/// makes the queue <see cref="Broken"/>, and it is not touched again until it is set up anew.</remarks>
public sealed unsafe class Virtqueue
{
    /// <summary>The largest size a split ring may have (section 2.7).</summary>
    public const int MaxSize = 32768;

    private readonly GuestMemoryMap _memory;
    private readonly bool _eventIdx;
    private readonly bool _indirect;
    private readonly DescriptorChain _chain;
    private readonly ulong _descriptorAddress;
    private readonly ulong _availAddress;
    private readonly ulong _usedAddress;
    private Descriptor* _descriptors;
    private ushort* _avail;
    private ushort* _used;
    private int _mapGeneration;
    private ushort _usedIndex;
    private ushort _signalledUsed;
    private bool _signalledValid;
    private bool _callOwed;
    private Action? _call;

    private Virtqueue(GuestMemoryMap memory, int size, ulong descriptors, ulong avail, ulong used, VirtioFeatures features)
    {
        _memory = memory;
        Size = size;
        _descriptorAddress = descriptors;
        _availAddress = avail;
        _usedAddress = used;
        _eventIdx = features.HasFlag(VirtioFeatures.EventIdx);
        _indirect = features.HasFlag(VirtioFeatures.IndirectDesc);
        _chain = new DescriptorChain(memory);
    }

    /// <summary>Entries; a power of two.</summary>
    public int Size { get; }

    /// <summary>The next available entry to take (what VHOST_USER_GET_VRING_BASE reports).</summary>
    public ushort LastAvail { get; private set; }

    /// <summary>Why the queue is not used any more; null while it is sound.</summary>
    public string? Broken { get; private set; }

    /// <summary>Interrupts the driver, by whatever means the transport has; null while the driver polls.</summary>
    /// <remarks>A front-end may start the queue first and say later how to interrupt: what it missed meanwhile is made good.</remarks>
    public Action? Call
    {
        get => _call;
        set
        {
            _call = value;
            if (_callOwed && value is not null)
            {
                _callOwed = false;
                value();
            }
        }
    }

    /// <summary>Whether nothing was ever put into the used ring, as with a driver that starts anew: it zeroes its rings
    /// (section 4.1.5.1.3), and after a whole round of 65536 entries only its elements tell that from the index.</summary>
    public bool IsUnused
    {
        get
        {
            if (Broken is not null || !EnsureRings())
            {
                return false;
            }
            return Volatile.Read(ref _used[1]) == 0 && !new ReadOnlySpan<byte>(_used + 2, Size * sizeof(UsedElement)).ContainsAnyExcept((byte)0);
        }
    }

    /// <summary>Interrupts the driver if it wants that for what was pushed.</summary>
    public void Notify()
    {
        if (!TakeNotification())
        {
            return;
        }
        if (_call is null)
        {
            _callOwed = true;
        }
        else
        {
            _call();
        }
    }

    /// <summary>Sets a queue up over rings in guest memory.</summary>
    /// <param name="descriptors">The descriptor table, by the front-end's own address (16 * size bytes).</param>
    /// <param name="avail">The available ring (6 + 2 * size bytes).</param>
    /// <param name="used">The used ring (6 + 8 * size bytes).</param>
    /// <param name="lastAvail">The first entry to take.</param>
    /// <exception cref="GuestMemoryException">The size is no power of two up to 32768, or a ring is not wholly in guest memory or unaligned.</exception>
    public static Virtqueue Create(GuestMemoryMap memory, int size, ulong descriptors, ulong avail, ulong used, ushort lastAvail, VirtioFeatures features) =>
        TryCreate(memory, size, descriptors, avail, used, lastAvail, features, out Virtqueue? queue, out string? why) ? queue : throw new GuestMemoryException(why);

    /// <summary>The same without an exception, for a transport whose guest itself gives the numbers.</summary>
    /// <param name="why">What is wrong with them, in words.</param>
    /// <inheritdoc cref="Create"/>
    public static bool TryCreate(
        GuestMemoryMap memory, int size, ulong descriptors, ulong avail, ulong used, ushort lastAvail, VirtioFeatures features,
        [NotNullWhen(true)] out Virtqueue? queue, [NotNullWhen(false)] out string? why)
    {
        queue = null;
        if (size is <= 0 or > MaxSize || (size & (size - 1)) != 0)
        {
            why = $"a queue of {size} entries: it must be a power of two up to {MaxSize}";
            return false;
        }
        if ((descriptors & 15) != 0 || (avail & 1) != 0 || (used & 3) != 0)
        {
            why = $"rings at 0x{descriptors:x}, 0x{avail:x}, 0x{used:x} are not aligned to 16, 2 and 4 bytes";
            return false;
        }
        var made = new Virtqueue(memory, size, descriptors, avail, used, features) { LastAvail = lastAvail };
        if (!made.MapRings())
        {
            why = $"rings at 0x{descriptors:x}, 0x{avail:x}, 0x{used:x} are not inside guest memory";
            return false;
        }
        // What the device last wrote there survives a stop and a hand-over; so must the index.
        made._usedIndex = Volatile.Read(ref made._used[1]);
        queue = made;
        why = null;
        return true;
    }

    /// <summary>Takes the next chain the driver made available.</summary>
    /// <returns>False if there is none or the queue is broken. The chain is this queue's only one: valid until the next call.</returns>
    public bool TryPop(out DescriptorChain chain)
    {
        chain = _chain;
        if (Broken is not null || !EnsureRings())
        {
            return false;
        }
        ushort available = Volatile.Read(ref _avail[1]);
        ushort pending = (ushort)(available - LastAvail);
        if (pending == 0)
        {
            return false;
        }
        if (pending > Size)
        {
            return Break($"the available index {available} is {pending} past {LastAvail}, the queue has {Size} entries");
        }
        ushort head = Volatile.Read(ref _avail[2 + (LastAvail & (Size - 1))]);
        LastAvail++;
        if (!_chain.TryRead(_descriptors, Size, head, _indirect, out string? why))
        {
            return Break(why);
        }
        return true;
    }

    /// <summary>Leaves the chain just taken for later: it is the next to be taken again.</summary>
    public void Unpop() => LastAvail--;

    /// <summary>Gives an entry back.</summary>
    /// <param name="head">The chain's <see cref="DescriptorChain.Head"/>.</param>
    /// <param name="written">Bytes written into its device-writable part.</param>
    public void Push(ushort head, uint written)
    {
        if (Broken is not null || !EnsureRings())
        {
            return;
        }
        var element = (UsedElement*)(_used + 2) + (_usedIndex & (Size - 1));
        element->Id = head;
        element->Length = written;
        _usedIndex++;
        Volatile.Write(ref _used[1], _usedIndex);
    }

    /// <summary>Whether the driver wants an interrupt for what was pushed since it was last asked (section 2.7.7).</summary>
    public bool TakeNotification()
    {
        if (Broken is not null || !EnsureRings())
        {
            return false;
        }
        ushort before = _signalledUsed;
        bool beforeValid = _signalledValid;
        ushort now = _usedIndex;
        _signalledUsed = now;
        _signalledValid = true;
        if (beforeValid && before == now)
        {
            return false;
        }
        // The used index must be visible before the driver's wish is read.
        Interlocked.MemoryBarrier();
        if (!_eventIdx)
        {
            return (Volatile.Read(ref _avail[0]) & 1) == 0;
        }
        ushort usedEvent = Volatile.Read(ref _avail[2 + Size]);
        return !beforeValid || (ushort)(now - usedEvent - 1) < (ushort)(now - before);
    }

    /// <summary>Asks the driver for a kick at the next entry, after the ring was found empty.</summary>
    /// <returns>True if an entry came meanwhile: take it first.</returns>
    public bool EnableKicks()
    {
        if (Broken is not null || !EnsureRings())
        {
            return false;
        }
        if (_eventIdx)
        {
            Volatile.Write(ref *(ushort*)((UsedElement*)(_used + 2) + Size), LastAvail);
        }
        Interlocked.MemoryBarrier();
        return Volatile.Read(ref _avail[1]) != LastAvail;
    }

    private bool Break(string why)
    {
        Broken = why;
        return false;
    }

    private bool EnsureRings()
    {
        if (_mapGeneration == _memory.Generation)
        {
            return true;
        }
        return MapRings() || Break("its rings are not guest memory any more");
    }

    private bool MapRings()
    {
        _descriptors = (Descriptor*)_memory.TranslateUser(_descriptorAddress, (ulong)Size * 16);
        _avail = (ushort*)_memory.TranslateUser(_availAddress, 6 + ((ulong)Size * 2));
        _used = (ushort*)_memory.TranslateUser(_usedAddress, 6 + ((ulong)Size * 8));
        _mapGeneration = _memory.Generation;
        return _descriptors is not null && _avail is not null && _used is not null;
    }

    /// <summary>struct virtq_desc, 16 bytes.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Descriptor
    {
        public const ushort Next = 1;
        public const ushort Write = 2;
        public const ushort Indirect = 4;

        public ulong Address;
        public uint Length;
        public ushort Flags;
        public ushort NextIndex;
    }

    /// <summary>struct virtq_used_elem, 8 bytes.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct UsedElement
    {
        public uint Id;
        public uint Length;
    }
}
