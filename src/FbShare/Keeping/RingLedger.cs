using System.Runtime.InteropServices;

namespace FbShare.Keeping;

/// <summary>Which requests of a virtqueue were taken and not given back yet.</summary>
/// <remarks>Requests may be given back in another order than they were taken, so the used ring's index does not tell which are missing. A slot
/// is two numbers: what was written into the request's answer, and then all the rest in one, whose store makes a change valid.</remarks>
internal sealed class RingLedger
{
    /// <summary>More than a device ever has under way: a held flush for each output, one to spare, and the request being handled.</summary>
    public const int Slots = 32;

    private const int SlotSize = 2 * sizeof(ulong);

    private readonly KeptState _state;
    private readonly long _offset;

    internal RingLedger(KeptState state, long offset)
    {
        _state = state;
        _offset = offset;
    }

    /// <summary>Bytes of the state that a ledger takes.</summary>
    public static int Size => Slots * SlotSize;

    /// <summary>The slots in use.</summary>
    public IEnumerable<Entry> Entries
    {
        get
        {
            for (int i = 0; i < Slots; i++)
            {
                if (Read(i) is { State: not RequestState.None } entry)
                {
                    yield return entry;
                }
            }
        }
    }

    /// <summary>The request was taken from the available ring.</summary>
    public void Take(ushort head)
    {
        for (int i = 0; i < Slots; i++)
        {
            if (Word(i, 0) == 0)
            {
                Store(i, new Entry(RequestState.Taken, head, 0, 0));
                return;
            }
        }
    }

    /// <summary>Its answer was written, and it is given back later.</summary>
    public void Hold(ushort head, uint written) => Change(head, new Entry(RequestState.Answered, head, 0, written));

    /// <summary>It is about to be put into the used ring.</summary>
    /// <param name="usedIndex">The used ring's index before.</param>
    public void BeginPush(ushort head, uint written, ushort usedIndex) => Change(head, new Entry(RequestState.Pushing, head, usedIndex, written));

    /// <summary>It is out of the device's hands: given back, or put back to be taken again.</summary>
    public void Forget(ushort head)
    {
        if (Find(head) is >= 0 and var slot)
        {
            _state.Step();
            Volatile.Write(ref Word(slot, 0), 0);
        }
    }

    public void Clear()
    {
        for (int i = 0; i < Slots; i++)
        {
            Volatile.Write(ref Word(i, 0), 0);
        }
    }

    private void Change(ushort head, Entry entry)
    {
        if (Find(head) is >= 0 and var slot)
        {
            Store(slot, entry);
        }
    }

    private int Find(ushort head)
    {
        for (int i = 0; i < Slots; i++)
        {
            ulong word = Word(i, 0);
            if (word != 0 && (ushort)(word >> 16) == head)
            {
                return i;
            }
        }
        return -1;
    }

    private void Store(int slot, Entry entry)
    {
        _state.Step();
        Volatile.Write(ref Word(slot, 1), entry.Written);
        Volatile.Write(ref Word(slot, 0), (ulong)entry.State | ((ulong)entry.Head << 16) | ((ulong)entry.UsedIndex << 32));
    }

    private Entry Read(int slot)
    {
        ulong word = Volatile.Read(ref Word(slot, 0));
        return new Entry((RequestState)(byte)word, (ushort)(word >> 16), (ushort)(word >> 32), (uint)Word(slot, 1));
    }

    private ref ulong Word(int slot, int index) =>
        ref MemoryMarshal.AsRef<ulong>(_state.Slice(_offset + (slot * SlotSize) + (index * sizeof(ulong)), sizeof(ulong)));

    /// <summary>A request under way.</summary>
    /// <param name="UsedIndex">The used ring's index before it was pushed there.</param>
    /// <param name="Written">Bytes of its answer.</param>
    internal readonly record struct Entry(RequestState State, ushort Head, ushort UsedIndex, uint Written);
}

/// <summary>How far a request is.</summary>
internal enum RequestState : byte
{
    None,

    /// <summary>Taken; how much of it was done is not known.</summary>
    Taken,

    /// <summary>Done, and its answer is written.</summary>
    Answered,

    /// <summary>Answered, and perhaps in the used ring: that ring's index shows it.</summary>
    Pushing,
}
