using System.Buffers.Binary;
using System.Runtime.Intrinsics;

namespace FbShare.Pictures;

/// <summary>Converts pixels from one byte order to another.</summary>
public static class PixelConversion
{
    /// <summary>Reorders the bytes of each pixel from one format to the other, four pixels at a time. The fourth byte becomes the alpha
    /// if both formats have one, and 255 otherwise.</summary>
    /// <param name="source">Whole pixels of four bytes; bytes of a pixel that is not whole are left out.</param>
    /// <param name="from">Their format.</param>
    /// <param name="destination">At least as long as the source; must not overlap it.</param>
    /// <param name="to">The format wanted.</param>
    /// <exception cref="ArgumentException">The destination is shorter than the source.</exception>
    public static void Convert(ReadOnlySpan<byte> source, DrmFormat from, Span<byte> destination, DrmFormat to)
    {
        if (destination.Length < source.Length)
        {
            throw new ArgumentException($"{source.Length} bytes do not fit into {destination.Length}", nameof(destination));
        }
        var old = from.ByteOrder();
        var order = to.ByteOrder();
        Span<byte> move = stackalloc byte[DrmFormats.BytesPerPixel];
        move[order.Red] = (byte)old.Red;
        move[order.Green] = (byte)old.Green;
        move[order.Blue] = (byte)old.Blue;
        move[order.Alpha] = (byte)old.Alpha;
        Span<byte> set = stackalloc byte[DrmFormats.BytesPerPixel];
        set.Clear();
        set[order.Alpha] = from.HasAlpha() && to.HasAlpha() ? (byte)0 : byte.MaxValue;

        Span<byte> moves = stackalloc byte[Vector128<byte>.Count];
        for (int i = 0; i < moves.Length; i++)
        {
            moves[i] = (byte)(move[i % DrmFormats.BytesPerPixel] + (i & ~(DrmFormats.BytesPerPixel - 1)));
        }
        Vector128<byte> shuffle = Vector128.Create<byte>(moves);
        Vector128<byte> opaque = Vector128.Create(BinaryPrimitives.ReadUInt32LittleEndian(set)).AsByte();
        int done = 0;
        for (; done <= source.Length - Vector128<byte>.Count; done += Vector128<byte>.Count)
        {
            (Vector128.Shuffle(Vector128.Create(source.Slice(done, Vector128<byte>.Count)), shuffle) | opaque).CopyTo(destination[done..]);
        }
        for (; done <= source.Length - DrmFormats.BytesPerPixel; done += DrmFormats.BytesPerPixel)
        {
            for (int i = 0; i < DrmFormats.BytesPerPixel; i++)
            {
                destination[done + i] = (byte)(source[done + move[i]] | set[i]);
            }
        }
    }
}
