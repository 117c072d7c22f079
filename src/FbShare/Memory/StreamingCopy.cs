using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace FbShare.Memory;

/// <summary>Copies that go past the cache (non-temporal stores): for pictures larger than it, which their reader finds in
/// memory anyway. The C library does so for one large run; a scattered picture is many small ones.</summary>
internal static unsafe class StreamingCopy
{
    /// <summary>About what one core's share of a cache holds.</summary>
    private const long CacheBytes = 2 << 20;

    /// <summary>Whether a picture of so many bytes is better copied this way.</summary>
    public static bool PaysFor(long bytes) => bytes >= CacheBytes && Vector256.IsHardwareAccelerated && Sse.IsSupported;

    /// <summary>Copies one piece. <see cref="Finish"/> must follow the last one.</summary>
    /// <param name="next">Where the next piece will be read from: fetched meanwhile, since the processor does not look ahead
    /// from one page into another that does not follow it. May be any address, it is not read.</param>
    /// <remarks>Compiled in full at its first call: vector code is not compiled ahead of time, and a first picture of thousands
    /// of pieces would run unoptimised.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Copy(byte* from, byte* to, long count, byte* next)
    {
        const int vector = 32, step = 4 * vector, line = 64, ahead = 4096;
        long lead = Math.Min(count, -(nint)to & (vector - 1));
        Buffer.MemoryCopy(from, to, lead, lead);
        long done = lead;
        for (; done <= count - step; done += step)
        {
            if (done < ahead)
            {
                Sse.Prefetch0(next + done);
                Sse.Prefetch0(next + done + line);
            }
            byte* source = from + done;
            byte* target = to + done;
            Vector256<byte> first = Vector256.Load(source);
            Vector256<byte> second = Vector256.Load(source + vector);
            Vector256<byte> third = Vector256.Load(source + (2 * vector));
            Vector256<byte> fourth = Vector256.Load(source + (3 * vector));
            first.StoreAlignedNonTemporal(target);
            second.StoreAlignedNonTemporal(target + vector);
            third.StoreAlignedNonTemporal(target + (2 * vector));
            fourth.StoreAlignedNonTemporal(target + (3 * vector));
        }
        Buffer.MemoryCopy(from + done, to + done, count - done, count - done);
    }

    /// <summary>Makes what was copied visible before anything that is written after it.</summary>
    public static void Finish() => Sse.StoreFence();
}
