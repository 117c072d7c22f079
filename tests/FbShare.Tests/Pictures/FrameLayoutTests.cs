using System.Numerics;
using CsCheck;
using FbShare.Pictures;
using Xunit;

namespace FbShare.Tests.Pictures;

/// <summary>Which layouts are taken, against the same sums in numbers without end.</summary>
public class FrameLayoutTests
{
    private static readonly Gen<uint> Dimension = Gen.OneOf(Gen.UInt[0, 40], OneOf(16383u, 16384u, 16385u, 0x4000_0000u, uint.MaxValue));
    private static readonly Gen<uint> Stride = Gen.OneOf(Gen.UInt[0, 200], Gen.UInt, OneOf(65536u, 131076u, (uint)int.MaxValue, 1u << 31, uint.MaxValue));
    private static readonly Gen<ulong> Offset = Gen.OneOf(Gen.ULong[0, 100], Gen.ULong, OneOf((ulong)long.MaxValue, 1UL << 63, ulong.MaxValue));
    private static readonly Gen<long> Available = Gen.OneOf(Gen.Long[0, 20_000], Gen.Long, OneOf(-1L, long.MinValue, 0L, long.MaxValue));

    [Fact]
    public void A_layout_is_taken_just_if_every_row_is_inside_the_bytes_there_are() =>
        Gen.Select(Dimension, Dimension, Stride, Offset, Available).Sample((width, height, stride, offset, available) =>
        {
            BigInteger row = (BigInteger)width * 4;
            BigInteger end = offset + (((BigInteger)height - 1) * stride) + row;
            bool fits = width is >= 1 and <= FrameLayout.MaxDimension && height is >= 1 and <= FrameLayout.MaxDimension
                && stride >= row && stride <= int.MaxValue && available >= 0 && end <= available;
            Assert.Equal(fits, FrameLayout.TryCreate(DrmFormat.XR24, width, height, stride, offset, available, out FrameLayout layout, out string? why));
            Assert.Equal(fits, why is null);
            if (!fits)
            {
                Assert.Equal(default, layout);
                return;
            }
            Assert.Equal(end, layout.End);
            Assert.Equal(end - offset, layout.Span);
            Assert.Equal(end, layout.OffsetOf((int)width - 1, (int)height - 1) + 4);
            FrameLayout corner = layout.Crop(new Rect((int)width - 1, (int)height - 1, 1, 1));
            Assert.Equal((layout.End - 4, layout.End), (corner.Offset, corner.End));
        }, iter: 20_000);

    [Fact]
    public void A_size_that_a_failed_call_gave_holds_no_picture() =>
        Assert.False(FrameLayout.TryCreate(DrmFormat.XR24, 1, 1, 4, 0, -1, out _, out _));

    private static Gen<T> OneOf<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);
}
