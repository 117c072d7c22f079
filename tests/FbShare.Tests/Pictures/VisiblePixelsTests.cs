using System.IO.Hashing;
using CsCheck;
using FbShare.Pictures;
using Xunit;

namespace FbShare.Tests.Pictures;

public sealed class VisiblePixelsTests
{
    private static readonly Gen<DrmFormat> Formats = Gen.Int[0, 7].Select(i => DrmFormats.All[i]);

    [Fact]
    public void Pixels_are_equal_if_no_colour_differs_whatever_the_fourth_byte_is() =>
        Gen.Select(Formats, Gen.Byte.Array[0, 90], Gen.Int[0, 1000], Gen.Byte).Sample((format, bytes, at, change) =>
        {
            byte[] one = bytes[..(bytes.Length / 4 * 4)];
            byte[] other = (byte[])one.Clone();
            bool differs = false;
            if (one.Length > 0)
            {
                other[at % one.Length] ^= change;
                differs = change != 0 && at % one.Length % 4 != format.ByteOrder().Alpha;
            }
            Assert.Equal(!differs, VisiblePixels.AreEqual(one, other, format));
        });

    [Fact]
    public void A_hash_is_of_the_bytes_B_G_R_255_row_by_row_in_any_format() =>
        Gen.Select(Formats, Gen.Int[1, 90], Gen.Int[1, 40], Gen.Int[0, 7], Gen.Int[0, 9]).Sample((format, width, height, padding, offset) =>
        {
            int stride = (width * 4) + padding;
            byte[] bytes = new byte[offset + (stride * height)];
            new Random(width).NextBytes(bytes);
            Assert.True(FrameLayout.TryCreate(format, (uint)width, (uint)height, (uint)stride, (ulong)offset, bytes.Length, out FrameLayout layout, out _));
            var order = format.ByteOrder();
            var expected = new List<byte>();
            for (int y = 0; y < height; y++)
            {
                for (int x = 0; x < width; x++)
                {
                    int at = offset + (y * stride) + (x * 4);
                    expected.AddRange([bytes[at + order.Blue], bytes[at + order.Green], bytes[at + order.Red], 255]);
                }
            }
            Assert.Equal(XxHash3.HashToUInt64(expected.ToArray()), VisiblePixels.Hash(layout, bytes));
        });

    [Fact]
    public void A_wide_row_is_hashed_as_a_whole()
    {
        byte[] bytes = new byte[5000 * 4];
        new Random(1).NextBytes(bytes);
        byte[] expected = (byte[])bytes.Clone();
        for (int at = 3; at < expected.Length; at += 4)
        {
            expected[at] = 255;
        }
        Assert.Equal(XxHash3.HashToUInt64(expected), VisiblePixels.Hash(FrameLayout.Packed(DrmFormat.AR24, 5000, 1), bytes));
    }
}
