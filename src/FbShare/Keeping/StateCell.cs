using System.Runtime.InteropServices;
using FbShare.Linux;

namespace FbShare.Keeping;

/// <summary>A few bytes that outlive the device. They change all at once: whoever reads them after a crash finds the old bytes or the new ones.</summary>
/// <remarks>A number says which of two halves holds the bytes, and how many they are. New ones are written into the other half, and one
/// store of that number makes them valid.</remarks>
internal readonly struct StateCell
{
    private readonly KeptState _state;
    private readonly long _offset;
    private readonly int _capacity;

    internal StateCell(KeptState state, long offset, int capacity)
    {
        _state = state;
        _offset = offset;
        _capacity = capacity;
    }

    /// <summary>Bytes of the state that a cell takes.</summary>
    public static long SizeFor(int capacity) => sizeof(ulong) + (2L * capacity);

    /// <summary>What was written last; empty if nothing was. Valid until the next write but one.</summary>
    public ReadOnlySpan<byte> Bytes
    {
        get
        {
            ulong current = Volatile.Read(ref Current);
            int length = (int)Math.Min(current >> 1, (ulong)_capacity);
            return _state.Slice(HalfAt(current), length);
        }
    }

    private ref ulong Current => ref MemoryMarshal.AsRef<ulong>(_state.Slice(_offset, sizeof(ulong)));

    /// <summary>Replaces the bytes, unless they are the same.</summary>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        if (bytes.SequenceEqual(Bytes))
        {
            return;
        }
        ulong next = ~Volatile.Read(ref Current) & 1;
        _state.Step();
        bytes.CopyTo(_state.Slice(HalfAt(next), _capacity));
        _state.Step();
        Volatile.Write(ref Current, ((ulong)bytes.Length << 1) | next);
    }

    /// <summary>Replaces the bytes by those of a value.</summary>
    public void Write<T>(in T value)
        where T : unmanaged => Write(MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value)));

    public void Clear() => Write(default);

    private long HalfAt(ulong current) => _offset + sizeof(ulong) + ((long)(current & 1) * _capacity);
}
