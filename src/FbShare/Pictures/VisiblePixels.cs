using System.Buffers.Binary;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace FbShare.Pictures;

/// <summary>What a screen shows of pixels: their colours, and not their fourth byte.</summary>
public static class VisiblePixels
{
    /// <summary>Bytes that are converted and hashed at a time: what the first cache holds beside the source.</summary>
    private const int HashedAtOnce = 8192;

    /// <summary>Whether two runs of pixels show the same.</summary>
    /// <param name="one">Whole pixels of <paramref name="format"/>.</param>
    /// <param name="other">As many of the same format.</param>
    /// <param name="format">Of both.</param>
    public static bool AreEqual(ReadOnlySpan<byte> one, ReadOnlySpan<byte> other, DrmFormat format)
    {
        if (one.Length != other.Length)
        {
            return false;
        }
        uint mask = Mask(format);
        Vector128<byte> visible = Vector128.Create(mask).AsByte();
        ref byte a = ref MemoryMarshal.GetReference(one);
        ref byte b = ref MemoryMarshal.GetReference(other);
        int at = 0;
        for (; at <= one.Length - (4 * Vector128<byte>.Count); at += 4 * Vector128<byte>.Count)
        {
            Vector128<byte> difference = Difference(ref a, ref b, at) | Difference(ref a, ref b, at + 16)
                | Difference(ref a, ref b, at + 32) | Difference(ref a, ref b, at + 48);
            if ((difference & visible) != Vector128<byte>.Zero)
            {
                return false;
            }
        }
        for (; at <= one.Length - DrmFormats.BytesPerPixel; at += DrmFormats.BytesPerPixel)
        {
            if (((BinaryPrimitives.ReadUInt32LittleEndian(one[at..]) ^ BinaryPrimitives.ReadUInt32LittleEndian(other[at..])) & mask) != 0)
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>XXH3 (64 bits, seed 0) of the pixels as bytes B, G, R, 255, row by row: equal for pictures that look the same, whatever
    /// their formats.</summary>
    /// <param name="layout">Where the picture lies in <paramref name="bytes"/>.</param>
    /// <param name="bytes">The buffer that it lies in.</param>
    public static ulong Hash(FrameLayout layout, ReadOnlySpan<byte> bytes)
    {
        var hash = new XxHash3();
        Span<byte> part = stackalloc byte[HashedAtOnce];
        for (int y = 0; y < layout.Height; y++)
        {
            ReadOnlySpan<byte> row = bytes.Slice((int)layout.OffsetOf(0, y), layout.RowBytes);
            while (!row.IsEmpty)
            {
                ReadOnlySpan<byte> some = row[..Math.Min(row.Length, HashedAtOnce)];
                PixelConversion.Convert(some, WithoutAlpha(layout.Format), part, DrmFormat.XR24);
                hash.Append(part[..some.Length]);
                row = row[some.Length..];
            }
        }
        return hash.GetCurrentHashAsUInt64();
    }

    /// <summary>The bits of a little-endian pixel that are colour.</summary>
    public static uint Mask(DrmFormat format) => ~(0xFFu << (format.ByteOrder().Alpha * 8));

    private static DrmFormat WithoutAlpha(DrmFormat format) => format switch
    {
        DrmFormat.AR24 => DrmFormat.XR24,
        DrmFormat.BA24 => DrmFormat.BX24,
        DrmFormat.AB24 => DrmFormat.XB24,
        DrmFormat.RA24 => DrmFormat.RX24,
        _ => format,
    };

    private static Vector128<byte> Difference(ref byte a, ref byte b, int at) =>
        // SAFETY: the caller's loop leaves 16 bytes from here on in both spans.
        Vector128.LoadUnsafe(ref a, (nuint)at) ^ Vector128.LoadUnsafe(ref b, (nuint)at);
}
