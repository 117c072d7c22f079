using System.Runtime.InteropServices;

namespace FbShare.Keeping;

/// <summary>Bytes by a key, that outlive the device: what does not fit into a few cells, such as the lists of pages of the guest's resources.</summary>
/// <remarks>A log: a record is appended, and then one store of the log's length makes it valid. Where two have the same key the later one counts. When the
/// log is full, the records that count are copied into the other half of the memory.</remarks>
internal sealed class StateRecords
{
    private const int HeaderSize = 2 * sizeof(ulong);
    private const ulong Deleted = uint.MaxValue;

    private readonly KeptState _state;
    private readonly long _current;
    private readonly long _halves;
    private readonly long _capacity;
    private readonly Dictionary<ulong, (long Offset, int Length)> _places = [];

    /// <param name="current">Where the log's length and half are in the state.</param>
    /// <param name="halves">Where its two halves are, of <paramref name="capacity"/> bytes each.</param>
    internal StateRecords(KeptState state, long current, long halves, long capacity)
    {
        _state = state;
        _current = current;
        _halves = halves;
        _capacity = capacity;
        Load();
    }

    /// <summary>Whether a record did not fit: what it says is lost if the device dies.</summary>
    public bool IsIncomplete { get; private set; }

    /// <summary>The keys of a kind, in no particular order.</summary>
    public ulong[] Keys(DescriptorKind kind) => [.. _places.Keys.Where(k => KeptKey.KindOf(k) == kind)];

    public bool TryGet(ulong key, out ReadOnlySpan<byte> bytes)
    {
        bool found = _places.TryGetValue(key, out (long Offset, int Length) place);
        bytes = found ? _state.Slice(place.Offset, place.Length) : default;
        return found;
    }

    /// <summary>Sets a key's bytes to two parts, one after the other.</summary>
    /// <returns>False if there is no room; the key has no record then.</returns>
    public bool Put(ulong key, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second = default)
    {
        int length = first.Length + second.Length;
        if (!HasRoom(length))
        {
            Compact(except: key);
            if (!HasRoom(length))
            {
                IsIncomplete = true;
                return false;
            }
        }
        long at = Append(key, (ulong)length, length, out Span<byte> room);
        first.CopyTo(room);
        second.CopyTo(room[first.Length..]);
        Commit(at, length);
        _places[key] = (at + HeaderSize, length);
        return true;
    }

    public void Delete(ulong key)
    {
        if (!_places.Remove(key))
        {
            return;
        }
        if (!HasRoom(0))
        {
            Compact(except: key);
            return;
        }
        long at = Append(key, Deleted, 0, out _);
        Commit(at, 0);
    }

    /// <summary>Deletes all records of a kind.</summary>
    public void DeleteAll(DescriptorKind kind)
    {
        foreach (ulong key in Keys(kind))
        {
            Delete(key);
        }
    }

    /// <summary>Deletes all records, and gives their memory back.</summary>
    public void Clear()
    {
        _places.Clear();
        IsIncomplete = false;
        _state.Step();
        Volatile.Write(ref Current, 0);
        _state.Free(_halves, 2 * _capacity);
    }

    private ref ulong Current => ref MemoryMarshal.AsRef<ulong>(_state.Slice(_current, sizeof(ulong)));

    private long Used => (long)(Current >> 1);

    private long Half(ulong current) => _halves + ((long)(current & 1) * _capacity);

    private static long SizeOf(int length) => HeaderSize + (((long)length + 7) & ~7);

    private bool HasRoom(int length) => SizeOf(length) <= _capacity - Used;

    private long Append(ulong key, ulong lengthField, int length, out Span<byte> room)
    {
        _state.Step();
        long at = Half(Current) + Used;
        Span<ulong> header = MemoryMarshal.Cast<byte, ulong>(_state.Slice(at, HeaderSize));
        (header[0], header[1]) = (key, lengthField);
        room = _state.Slice(at + HeaderSize, length);
        return at;
    }

    private void Commit(long at, int length)
    {
        _state.Step();
        ulong half = Current & 1;
        Volatile.Write(ref Current, ((ulong)(at - Half(half) + SizeOf(length)) << 1) | half);
    }

    /// <summary>Copies what counts into the other half and goes on there.</summary>
    private void Compact(ulong except)
    {
        _places.Remove(except);
        ulong before = Current;
        ulong half = ~before & 1;
        long at = Half(half);
        foreach (ulong key in _places.Keys.ToArray())
        {
            (long offset, int length) = _places[key];
            _state.Slice(offset - HeaderSize, HeaderSize + length).CopyTo(_state.Slice(at, HeaderSize + length));
            _places[key] = (at + HeaderSize, length);
            at += SizeOf(length);
        }
        _state.Step();
        Volatile.Write(ref Current, ((ulong)(at - Half(half)) << 1) | half);
        _state.Free(Half(before), _capacity);
    }

    private void Load()
    {
        long end = Math.Min(Used, _capacity);
        long start = Half(Current);
        for (long at = 0; TryReadHeader(start + at, end - at, out ulong key, out int? length); at += SizeOf(length ?? 0))
        {
            if (length is { } some)
            {
                _places[key] = (start + at + HeaderSize, some);
            }
            else
            {
                _places.Remove(key);
            }
        }
    }

    /// <param name="left">Bytes of the log from there on.</param>
    /// <param name="length">Null for the record of a deletion.</param>
    private bool TryReadHeader(long at, long left, out ulong key, out int? length)
    {
        (key, length) = (0, null);
        if (left < HeaderSize)
        {
            return false;
        }
        Span<ulong> header = MemoryMarshal.Cast<byte, ulong>(_state.Slice(at, HeaderSize));
        key = header[0];
        ulong field = header[1];
        if (field == Deleted)
        {
            return true;
        }
        length = (int)Math.Min(field, int.MaxValue - HeaderSize);
        return field <= (ulong)left && SizeOf(length.Value) <= left;
    }
}
