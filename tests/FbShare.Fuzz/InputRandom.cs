using System.Buffers.Binary;

namespace FbShare.Fuzz;

/// <summary>Numbers that are not random but an input's bytes, one after the other: whoever changes the input (AFL++, a person) decides what a door's
/// generator makes of it. Where the input ends, all are 0.</summary>
/// <remarks>A number below 256 takes one byte, so that a change of one byte is one other decision and the rest stays as it was.</remarks>
internal sealed class InputRandom(ReadOnlyMemory<byte> input) : Random
{
    private int _at;

    /// <summary>What was not used yet.</summary>
    public ReadOnlySpan<byte> Rest => input.Span[_at..];

    /// <summary>Whether a generator should come to an end: there is nothing left of the input that it takes its numbers from.</summary>
    public static bool HasEnded(Random random) => random is InputRandom { Rest.IsEmpty: true };

    public override int Next() => (int)(Take(4) & int.MaxValue);

    public override int Next(int maxValue) => Next(0, maxValue);

    public override int Next(int minValue, int maxValue) => (int)(minValue + (long)Below((ulong)((long)maxValue - minValue)));

    public override long NextInt64() => (long)(Take(8) & long.MaxValue);

    public override long NextInt64(long maxValue) => (long)Below((ulong)maxValue);

    public override long NextInt64(long minValue, long maxValue) => minValue + (long)Below((ulong)(maxValue - minValue));

    public override void NextBytes(byte[] buffer) => NextBytes(buffer.AsSpan());

    public override void NextBytes(Span<byte> buffer)
    {
        int count = Math.Min(buffer.Length, Rest.Length);
        Rest[..count].CopyTo(buffer);
        buffer[count..].Clear();
        _at += count;
    }

    public override double NextDouble() => Sample();

    protected override double Sample() => Take(4) / (double)(1L << 32);

    private ulong Below(ulong limit) => limit <= 1 ? 0 : Take(limit <= 1 << 8 ? 1 : limit <= 1 << 16 ? 2 : limit <= 1L << 32 ? 4 : 8) % limit;

    private ulong Take(int size)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        bytes.Clear();
        NextBytes(bytes[..size]);
        return BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }
}
