using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace FbShare.Keeping;

/// <summary>Writes values one after the other into a span.</summary>
internal ref struct StateWriter(Span<byte> destination)
{
    private readonly Span<byte> _destination = destination;
    private int _length;

    /// <summary>What was written.</summary>
    public readonly ReadOnlySpan<byte> Written => _destination[.._length];

    public void Write<T>(T value)
        where T : unmanaged
    {
        MemoryMarshal.Write(_destination[_length..], in value);
        _length += Unsafe.SizeOf<T>();
    }

    public void Write(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_destination[_length..]);
        _length += bytes.Length;
    }
}

/// <summary>Reads them back. A program that died may have written anything, so whatever is read must be checked.</summary>
internal ref struct StateReader(ReadOnlySpan<byte> source)
{
    private ReadOnlySpan<byte> _rest = source;

    /// <summary>Whether more was read than there was; from then on everything reads as zero.</summary>
    public bool Failed { get; private set; }

    public T Read<T>()
        where T : unmanaged
    {
        if (!MemoryMarshal.TryRead(_rest, out T value))
        {
            Failed = true;
            _rest = default;
            return default;
        }
        _rest = _rest[Unsafe.SizeOf<T>()..];
        return value;
    }

    public void Read(scoped Span<byte> destination)
    {
        if (destination.Length > _rest.Length)
        {
            Failed = true;
            _rest = default;
            destination.Clear();
            return;
        }
        _rest[..destination.Length].CopyTo(destination);
        _rest = _rest[destination.Length..];
    }
}
