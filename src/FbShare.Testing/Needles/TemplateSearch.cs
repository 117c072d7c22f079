using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using FbShare.Pictures;

namespace FbShare.Testing.Needles;

/// <summary>Finds the place where a part of a picture looks most like a template, and how much, as os-autoinst measures it.</summary>
/// <remarks>The place is where the sum of squared differences is least. A sum that is greater by 10 or less counts as equal, unless it stands
/// before the least one, row by row; of those places the one closest to the expected place is taken. A mean square of 2 or less is a
/// similarity of 1, one of 40 is 0.9, and so on along that line.</remarks>
internal static class TemplateSearch
{
    private const int SameSum = 10;

    /// <summary>Searches.</summary>
    /// <param name="scene">Covers every place that is to be tried.</param>
    /// <param name="template">At least <paramref name="area"/>.</param>
    /// <param name="area">Where the template is in its picture; not larger than the scene.</param>
    /// <param name="expected">The place in the scene's picture that it should be at; moved into the scene if it is outside.</param>
    /// <returns>The top left corner.</returns>
    public static (int X, int Y) Find(GrayPicture scene, GrayPicture template, Rect area, (int X, int Y) expected)
    {
        Rect places = new(scene.Part.X, scene.Part.Y, scene.Part.Width - area.Width + 1, scene.Part.Height - area.Height + 1);
        expected = (Math.Clamp(expected.X, places.X, places.Right - 1), Math.Clamp(expected.Y, places.Y, places.Bottom - 1));
        // Where the template is at its place, its sum ends all others early.
        long limit = Sum(scene, template, area, expected, long.MaxValue);
        if (limit == 0)
        {
            return expected;
        }
        limit += SameSum;
        var candidates = new List<(int X, int Y)>();
        for (int y = places.Y; y < places.Bottom; y++)
        {
            for (int x = places.X; x < places.Right; x++)
            {
                long sum = Sum(scene, template, area, (x, y), limit + 1);
                if (sum > limit)
                {
                    continue;
                }
                if (sum + SameSum < limit)
                {
                    limit = sum + SameSum;
                    candidates.Clear();
                }
                candidates.Add((x, y));
            }
        }
        return candidates.MinBy(at => Square(at.X - expected.X) + Square(at.Y - expected.Y));
    }

    /// <summary>How alike the template and the scene at a place are, from 0 to 1.</summary>
    public static double Compare(GrayPicture scene, GrayPicture template, Rect area, (int X, int Y) at)
    {
        double mean = (double)Sum(scene, template, area, at, long.MaxValue) / ((long)area.Width * area.Height);
        return Math.Clamp(0.9 + ((40 - mean) / 380), 0, 1);
    }

    /// <summary>The sum of squared differences, or any number that is not less than <paramref name="enough"/>.</summary>
    private static long Sum(GrayPicture scene, GrayPicture template, Rect area, (int X, int Y) at, long enough)
    {
        long sum = 0;
        for (int y = 0; y < area.Height && sum < enough; y++)
        {
            sum += SumRow(scene.Row(at.X, at.Y + y, area.Width), template.Row(area.X, area.Y + y, area.Width));
        }
        return sum;
    }

    /// <summary>At most 16384 pixels of at most 255 squared, which an int holds.</summary>
    private static int SumRow(ReadOnlySpan<byte> one, ReadOnlySpan<byte> other)
    {
        ref byte a = ref MemoryMarshal.GetReference(one);
        ref byte b = ref MemoryMarshal.GetReference(other);
        int at = 0;
        int sum = 0;
        if (Avx2.IsSupported)
        {
            Vector256<int> sums = Vector256<int>.Zero;
            for (; at <= one.Length - Vector128<byte>.Count; at += Vector128<byte>.Count)
            {
                // SAFETY: the loop's condition leaves 16 bytes from here on in both rows.
                Vector256<short> difference = Avx2.Subtract(
                    Avx2.ConvertToVector256Int16(Vector128.LoadUnsafe(ref a, (nuint)at)), Avx2.ConvertToVector256Int16(Vector128.LoadUnsafe(ref b, (nuint)at)));
                sums = Avx2.Add(sums, Avx2.MultiplyAddAdjacent(difference, difference));
            }
            sum = Vector128.Sum(sums.GetLower() + sums.GetUpper());
        }
        else if (Sse2.IsSupported)
        {
            Vector128<int> sums = Vector128<int>.Zero;
            for (; at <= one.Length - Vector128<byte>.Count; at += Vector128<byte>.Count)
            {
                // SAFETY: as above.
                (Vector128<ushort> oneLow, Vector128<ushort> oneHigh) = Vector128.Widen(Vector128.LoadUnsafe(ref a, (nuint)at));
                (Vector128<ushort> otherLow, Vector128<ushort> otherHigh) = Vector128.Widen(Vector128.LoadUnsafe(ref b, (nuint)at));
                Vector128<short> low = (oneLow - otherLow).AsInt16();
                Vector128<short> high = (oneHigh - otherHigh).AsInt16();
                sums += Sse2.MultiplyAddAdjacent(low, low) + Sse2.MultiplyAddAdjacent(high, high);
            }
            sum = Vector128.Sum(sums);
        }
        for (; at < one.Length; at++)
        {
            int difference = one[at] - other[at];
            sum += difference * difference;
        }
        return sum;
    }

    private static long Square(long number) => number * number;
}
