using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using FbShare.Keeping;
using FbShare.Memory;

namespace FbShare.Virtio;

/// <summary>The device's side of a split virtqueue (virtio 1.3, section 2.7).</summary>
/// <remarks>The rings are guest memory, so whatever is read from them is read once and checked. A ring that breaks the rules makes the queue
/// <see cref="Broken"/>; its memory is not touched any more, and the driver must set up a new queue.
/// The three pointers below are valid whenever EnsureRings has returned true: MapRings has then found all of the rings' bytes in the
/// present memory map.</remarks>
internal sealed class Virtqueue
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
    private unsafe Descriptor* _descriptors;
    private unsafe ushort* _avail;
    private unsafe ushort* _used;
    private int _mapGeneration;
    private ushort _usedIndex;
    private ushort _signalledUsed;
    private bool _signalledValid;
    private bool _callOwed;
    private Action? _call;
    private RingLedger? _ledger;
    private ushort[] _again = [];
    private int _againCount;

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

    /// <summary>The index of the available entry to take next (what VHOST_USER_GET_VRING_BASE reports).</summary>
    public ushort LastAvail { get; private set; }

    /// <summary>Why the queue is no longer used; null while it works.</summary>
    public string? Broken { get; private set; }

    /// <summary>Whether a device that died had begun with the request that was taken last: what it asks for may be done already.</summary>
    public bool IsRepeated { get; private set; }

    /// <summary>Interrupts the driver in the way of the transport; null while the driver polls.</summary>
    /// <remarks>A front-end may start the queue first and say later how to interrupt: an interrupt that was due meanwhile follows then.</remarks>
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

    /// <summary>Whether the used ring is still empty, as after a driver has started again and zeroed its rings (section 4.1.5.1.3). The
    /// index alone does not show that: after exactly 65536 entries it is zero as well, but the ring's elements are not.</summary>
    public unsafe bool IsUnused
    {
        get
        {
            if (Broken is not null || !EnsureRings())
            {
                return false;
            }
            // SAFETY: EnsureRings; the used ring has two numbers and then Size elements.
            return Volatile.Read(ref _used[1]) == 0 && !new ReadOnlySpan<byte>(_used + 2, Size * sizeof(UsedElement)).ContainsAnyExcept((byte)0);
        }
    }

    /// <summary>Interrupts the driver if it wants an interrupt for the entries pushed.</summary>
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

    /// <summary>Sets up a queue over rings in guest memory.</summary>
    /// <param name="descriptors">The descriptor table, by its address in the front-end (16 * size bytes).</param>
    /// <param name="avail">The available ring (6 + 2 * size bytes).</param>
    /// <param name="used">The used ring (6 + 8 * size bytes).</param>
    /// <param name="lastAvail">The first entry to take.</param>
    /// <exception cref="GuestMemoryException">The size is not a power of two up to 32768, or a ring is not aligned or not inside guest memory.</exception>
    public static Virtqueue Create(GuestMemoryMap memory, int size, ulong descriptors, ulong avail, ulong used, ushort lastAvail, VirtioFeatures features) =>
        TryCreate(memory, size, descriptors, avail, used, lastAvail, features, out Virtqueue? queue, out string? why) ? queue : throw new GuestMemoryException(why);

    /// <summary>The same without an exception, for a transport where the numbers come from the guest.</summary>
    /// <param name="why">What is wrong with them, in words.</param>
    /// <inheritdoc cref="Create"/>
    public static unsafe bool TryCreate(
        GuestMemoryMap memory, int size, ulong descriptors, ulong avail, ulong used, ushort lastAvail, VirtioFeatures features,
        [NotNullWhen(true)] out Virtqueue? queue, [NotNullWhen(false)] out string? why)
    {
        queue = null;
        if (size is <= 0 or > MaxSize || (size & (size - 1)) != 0)
        {
            why = $"a queue of {size} entries is not a power of two up to {MaxSize}";
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
        // The ring keeps what the device wrote there when the queue is stopped or handed over, so the index must continue from it.
        // SAFETY: MapRings has just found the used ring.
        made._usedIndex = Volatile.Read(ref made._used[1]);
        queue = made;
        why = null;
        return true;
    }

    /// <summary>Takes the next chain the driver made available.</summary>
    /// <returns>False if there is none or the queue is broken. The chain is this queue's only one: valid until the next call.</returns>
    public unsafe bool TryPop(out DescriptorChain chain)
    {
        chain = _chain;
        if (Broken is not null || !EnsureRings())
        {
            return false;
        }
        IsRepeated = _againCount > 0;
        if (IsRepeated)
        {
            return TryRead(_again[--_againCount]);
        }
        // SAFETY: EnsureRings; the available ring has two numbers and then Size entries, and the mask keeps the entry inside.
        ushort available = Volatile.Read(ref _avail[1]);
        ushort pending = (ushort)(available - LastAvail);
        if (pending == 0)
        {
            return false;
        }
        if (pending > Size)
        {
            return Break($"the available index {available} is {pending} entries ahead of {LastAvail}, but the queue has only {Size}");
        }
        ushort head = Volatile.Read(ref _avail[2 + (LastAvail & (Size - 1))]);
        _ledger?.Take(head);
        LastAvail++;
        return TryRead(head);
    }

    /// <summary>Puts back the chain that was just taken: the next pop takes it again.</summary>
    public void Unpop()
    {
        if (IsRepeated)
        {
            _againCount++;
            return;
        }
        LastAvail--;
        _ledger?.Forget(_chain.Head);
    }

    /// <summary>The entry's answer is written, and it is given back later.</summary>
    /// <param name="written">As for <see cref="Push"/>.</param>
    public void Hold(ushort head, uint written) => _ledger?.Hold(head, written);

    /// <summary>Gives an entry back to the driver.</summary>
    /// <param name="head">The chain's <see cref="DescriptorChain.Head"/>.</param>
    /// <param name="written">How many bytes were written into its device-writable part.</param>
    public unsafe void Push(ushort head, uint written)
    {
        if (Broken is not null || !EnsureRings())
        {
            return;
        }
        _ledger?.BeginPush(head, written, _usedIndex);
        // SAFETY: EnsureRings; the mask keeps the element inside the ring's Size.
        var element = (UsedElement*)(_used + 2) + (_usedIndex & (Size - 1));
        element->Id = head;
        element->Length = written;
        _usedIndex++;
        Volatile.Write(ref _used[1], _usedIndex);
        _ledger?.Forget(head);
    }

    /// <summary>Whether the driver wants an interrupt for what was pushed since it was last asked (section 2.7.7).</summary>
    public unsafe bool TakeNotification()
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
        // The driver must see the used index before its wish for interrupts is read here.
        // SAFETY: EnsureRings; used_event is the number after the available ring's Size entries.
        Interlocked.MemoryBarrier();
        if (!_eventIdx)
        {
            return (Volatile.Read(ref _avail[0]) & 1) == 0;
        }
        ushort usedEvent = Volatile.Read(ref _avail[2 + Size]);
        return !beforeValid || (ushort)(now - usedEvent - 1) < (ushort)(now - before);
    }

    /// <summary>Asks the driver to kick with its next entry; called after the ring was found empty.</summary>
    /// <returns>True if an entry came meanwhile, for which no kick may come: take it first.</returns>
    public unsafe bool EnableKicks()
    {
        if (Broken is not null || !EnsureRings())
        {
            return false;
        }
        if (_eventIdx)
        {
            // SAFETY: EnsureRings; avail_event is the number after the used ring's Size elements.
            Volatile.Write(ref *(ushort*)((UsedElement*)(_used + 2) + Size), LastAvail);
        }
        Interlocked.MemoryBarrier();
        return Volatile.Read(ref _avail[1]) != LastAvail;
    }

    /// <summary>Writes down from now on what is under way, for the device that goes on if this one dies.</summary>
    internal void Track(RingLedger ledger)
    {
        ledger.Clear();
        _ledger = ledger;
    }

    /// <summary>Goes on where a device that died has stopped: gives back the requests that it had answered, and takes again the one that it had
    /// begun with.</summary>
    internal void Resume(RingLedger ledger)
    {
        var begun = new List<ushort>();
        var answered = new List<RingLedger.Entry>();
        foreach (RingLedger.Entry entry in ledger.Entries)
        {
            if (entry.State == RequestState.Pushing && entry.UsedIndex != _usedIndex)
            {
                ledger.Forget(entry.Head);
            }
            else if (entry.State == RequestState.Taken)
            {
                begun.Add(entry.Head);
            }
            else
            {
                answered.Add(entry);
            }
        }
        LastAvail = (ushort)(_usedIndex + begun.Count + answered.Count);
        _ledger = ledger;
        _again = [.. begun];
        _againCount = begun.Count;
        foreach (RingLedger.Entry entry in answered)
        {
            Push(entry.Head, entry.Written);
        }
    }

    // SAFETY: EnsureRings came before, so the table has Size descriptors.
    private unsafe bool TryRead(ushort head) => _chain.TryRead(_descriptors, Size, head, _indirect, out string? why) || Break(why);

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
        return MapRings() || Break("its rings are no longer inside guest memory");
    }

    private unsafe bool MapRings()
    {
        // SAFETY: each is checked to lie in one region, as long as the queue's size makes it, or null; good for this generation of the map.
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
