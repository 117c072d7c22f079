using FbShare.Linux;
using FbShare.Memory;

namespace FbShare.Tests.Memory;

/// <summary>Copies past the cache, against a copy byte by byte.</summary>
public sealed unsafe class StreamingCopyTests : IDisposable
{
    private const int Size = 1 << 20;
    private const byte Untouched = 0xA5;

    private readonly MemoryMapping _from = Anonymous();
    private readonly MemoryMapping _to = Anonymous();

    public StreamingCopyTests() => new Random(5).NextBytes(_from.Slice(0, Size));

    [Fact]
    public void A_piece_of_any_length_arrives_whole_at_any_address_from_any_address()
    {
        // About where steps (256 bytes), lines (64) and vectors (16) begin and end.
        int[] lengths = [.. Enumerable.Range(0, 36), 63, 64, 65, 127, 128, 240, 255, 256, 257, 319, 320, 511, 512, 575, 1024, 1283, 4095, 4096, 5001];
        for (int to = 0; to < 64; to++)
        {
            for (int from = 0; from < 64; from += from < 17 ? 1 : 15)
            {
                foreach (int length in lengths)
                {
                    AssertCopied(128 + from, 128 + to, length);
                }
            }
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(16)]
    [InlineData(52)]
    public void Lanes_are_put_together_in_their_order_from_any_address(int shift)
    {
        int[] at = [5 * 4096, 1 * 4096, 9 * 4096, 2 * 4096];
        var expected = at.SelectMany(a => _from.Slice(a + shift, StreamingCopy.LaneBytes).ToArray()).ToArray();
        _to.Slice(0, Size).Fill(Untouched);
        fixed (byte* source = _from.Slice(0, Size), destination = _to.Slice(0, Size))
        {
            byte** lanes = stackalloc byte*[StreamingCopy.Lanes];
            for (int i = 0; i < at.Length; i++)
            {
                lanes[i] = source + at[i] + shift;
            }
            StreamingCopy.CopyLanes(lanes, lanes, destination + 4096);
            StreamingCopy.Finish();
        }
        Assert.True(_to.Slice(4096, StreamingCopy.GroupBytes).SequenceEqual(expected));
        Assert.False(_to.Slice(0, 4096).ContainsAnyExcept(Untouched));
        Assert.False(_to.Slice(4096 + StreamingCopy.GroupBytes, 4096).ContainsAnyExcept(Untouched));
    }

    [Fact]
    public void It_is_used_on_every_processor_that_this_runs_on() => Assert.True(StreamingCopy.PaysFor(1920 * 1080 * 4));

    public void Dispose()
    {
        _from.Dispose();
        _to.Dispose();
    }

    private void AssertCopied(int from, int to, int length)
    {
        Span<byte> around = _to.Slice(to - 64, length + 128);
        around.Fill(Untouched);
        fixed (byte* source = _from.Slice(from, length + 1), destination = _to.Slice(to, length + 1))
        {
            StreamingCopy.Copy(source, destination, length);
            StreamingCopy.Finish();
        }
        Span<byte> expected = new byte[length + 128];
        expected.Fill(Untouched);
        ReadOnlySpan<byte> copied = _from.Slice(from, length);
        for (int i = 0; i < length; i++)
        {
            expected[64 + i] = copied[i];
        }
        Assert.True(around.SequenceEqual(expected), $"{length} bytes from {from} to {to}");
    }

    private static MemoryMapping Anonymous()
    {
        using FileDescriptor file = MemFd.Create("test-copy", Size);
        return MemoryMapping.Map(file, 0, Size, writable: true);
    }
}
