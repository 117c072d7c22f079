using System.Runtime.InteropServices;
using FbShare.Linux;

namespace FbShare.Rig.Driver;

/// <summary>The driver's side of a split virtqueue, written from the specification (virtio 1.3, section 2.7), sharing no code
/// with the device.</summary>
internal sealed class DriverQueue : IDisposable
{
    private readonly GuestRam _ram;
    private readonly bool _eventIdx;
    private readonly Stack<ushort> _free = new();
    private readonly ushort[] _next;
    private ushort _availIndex;
    private ushort _usedSeen;
    private ushort _kicked;

    /// <param name="address">Where the rings lie: page-aligned guest memory of <see cref="BytesFor"/> bytes in the first region.</param>
    public DriverQueue(GuestRam ram, ulong address, ushort size, bool eventIdx)
    {
        _ram = ram;
        _eventIdx = eventIdx;
        Size = size;
        Descriptors = address;
        Available = address + (16UL * size);
        Used = (Available + 6 + (2UL * size) + 3) & ~3UL;
        _next = new ushort[size];
        Reset();
    }

    public ushort Size { get; }

    public ulong Descriptors { get; }

    public ulong Available { get; }

    public ulong Used { get; }

    public EventFd Kick { get; } = new();

    /// <summary>Kicks the device in place of <see cref="Kick"/>; null to use that.</summary>
    public Action? Kicker { get; set; }

    public EventFd Call { get; } = new();

    public EventFd Error { get; } = new();

    public static int BytesFor(int size) => (26 * size) + 64;

    /// <summary>Empties the rings, as a driver does when it starts again.</summary>
    public void Reset()
    {
        _ram.At(Descriptors, BytesFor(Size)).Clear();
        _free.Clear();
        for (int i = Size - 1; i >= 0; i--)
        {
            _free.Push((ushort)i);
        }
        (_availIndex, _usedSeen, _kicked) = (0, 0, 0);
    }

    /// <summary>Publishes one request of the given pieces, device-readable ones first.</summary>
    /// <returns>Its head, by which the device gives it back.</returns>
    public ushort Add(params ReadOnlySpan<Piece> pieces)
    {
        ushort head = 0;
        int previous = -1;
        foreach (Piece piece in pieces)
        {
            ushort index = _free.Pop();
            ref Descriptor descriptor = ref _ram.At<Descriptor>(Descriptors + (16UL * index));
            descriptor = new Descriptor { Address = piece.Address, Length = piece.Length, Flags = (ushort)(piece.Flags) };
            if (previous < 0)
            {
                head = index;
            }
            else
            {
                ref Descriptor last = ref _ram.At<Descriptor>(Descriptors + (16UL * (uint)previous));
                last.Flags |= 1;
                last.Next = index;
                _next[previous] = index;
            }
            previous = index;
        }
        Publish(head);
        return head;
    }

    /// <summary>Writes a descriptor as it is, for requests that no correct driver makes.</summary>
    public void WriteRaw(ushort index, ulong address, uint length, ushort flags, ushort next) =>
        _ram.At<Descriptor>(Descriptors + (16UL * index)) = new Descriptor { Address = address, Length = length, Flags = flags, Next = next };

    /// <summary>Puts a head into the available ring.</summary>
    public void Publish(ushort head)
    {
        _ram.At<ushort>(Available + 4 + (2UL * (uint)(_availIndex & (Size - 1)))) = head;
        _availIndex++;
        Volatile.Write(ref _ram.At<ushort>(Available + 2), _availIndex);
    }

    /// <summary>Kicks if the device wants it.</summary>
    public bool Notify()
    {
        Interlocked.MemoryBarrier();
        bool wanted = !_eventIdx
            || (ushort)(_availIndex - Volatile.Read(ref _ram.At<ushort>(Used + 4 + (8UL * Size))) - 1) < (ushort)(_availIndex - _kicked);
        _kicked = _availIndex;
        if (wanted)
        {
            KickNow();
        }
        return wanted;
    }

    /// <summary>Kicks, whether the device wants it or not.</summary>
    public void KickNow()
    {
        if (Kicker is { } kick)
        {
            kick();
        }
        else
        {
            Kick.Signal();
        }
    }

    /// <summary>Takes the next finished request.</summary>
    public bool TryTake(out ushort head, out uint written)
    {
        if (Volatile.Read(ref _ram.At<ushort>(Used + 2)) == _usedSeen)
        {
            WantCall();
            if (Volatile.Read(ref _ram.At<ushort>(Used + 2)) == _usedSeen)
            {
                (head, written) = (0, 0);
                return false;
            }
        }
        ref UsedElement element = ref _ram.At<UsedElement>(Used + 4 + (8UL * (uint)(_usedSeen & (Size - 1))));
        _usedSeen++;
        head = (ushort)element.Id;
        written = element.Length;
        Free(head);
        return true;
    }

    /// <summary>Asks for an interrupt at the next finished request. Without VIRTIO_F_EVENT_IDX there is one at every request.</summary>
    public void WantCall()
    {
        if (_eventIdx)
        {
            Volatile.Write(ref _ram.At<ushort>(Available + 4 + (2UL * Size)), _usedSeen);
            Interlocked.MemoryBarrier();
        }
    }

    public void Dispose()
    {
        Kick.Dispose();
        Call.Dispose();
        Error.Dispose();
    }

    private void Free(ushort head)
    {
        ushort index = head;
        while (true)
        {
            bool more = (_ram.At<Descriptor>(Descriptors + (16UL * index)).Flags & 1) != 0;
            _free.Push(index);
            if (!more)
            {
                return;
            }
            index = _next[index];
        }
    }

    /// <summary>One piece of a request.</summary>
    /// <param name="Flags">VIRTQ_DESC_F_*: 2 for device-writable, 4 for an indirect table.</param>
    internal readonly record struct Piece(ulong Address, uint Length, int Flags = 0)
    {
        public const int Write = 2;
        public const int Indirect = 4;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Descriptor
    {
        public ulong Address;
        public uint Length;
        public ushort Flags;
        public ushort Next;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct UsedElement
    {
        public uint Id;
        public uint Length;
    }
}
