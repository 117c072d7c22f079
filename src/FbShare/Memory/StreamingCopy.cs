using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace FbShare.Memory;

/// <summary>Copies past the cache (non-temporal stores), for pictures that are larger than the cache, so that their reader would have to
/// fetch them from memory anyway. The C library does so for one large copy; a scattered picture is many small ones.</summary>
/// <remarks>Reading several places in memory at once is faster than one, and a processor does not prefetch from one page into another that
/// is not next to it. So four pages are copied side by side, and the first bytes of the next four are prefetched meanwhile. Vectors
/// are 16 bytes wide, which every x86-64 has: a program compiled ahead of time for all of them uses no wider ones, and whole cache lines
/// are written as fast either way. Under the just-in-time compiler the loops are optimised at their first call, because otherwise a
/// first picture of thousands of pieces would be copied by unoptimised code.
/// The pointers of all methods are the caller's, who answers for the bytes that the methods say they read and write.</remarks>
internal static class StreamingCopy
{
    /// <summary>How many pages are copied side by side.</summary>
    public const int Lanes = 4;

    /// <summary>Bytes of each: a page, which is the unit of a guest's scattered memory.</summary>
    public const int LaneBytes = 4096;

    /// <summary>Bytes of all lanes of a group.</summary>
    public const int GroupBytes = Lanes * LaneBytes;

    /// <summary>About one core's share of the cache.</summary>
    private const long CacheBytes = 2 << 20;

    private const int Vector = 16;

    /// <summary>A cache line: the processor does not need to read one before it is overwritten as a whole.</summary>
    private const int Line = 4 * Vector;

    private const int Step = 4 * Line;

    /// <summary>How far ahead of the reads lines are prefetched.</summary>
    private const int Ahead = 4 * Step;

    /// <summary>Whether a picture of this many bytes is copied faster this way.</summary>
    public static bool PaysFor(long bytes) => bytes >= CacheBytes && Sse2.IsSupported;

    /// <summary>Whether lanes may be copied to this address.</summary>
    // SAFETY: nothing is read.
    public static unsafe bool IsAligned(byte* to) => ToAligned(to) == 0;

    /// <summary>Bytes up to the next aligned address.</summary>
    // SAFETY: nothing is read.
    public static unsafe int ToAligned(byte* to) => (int)(-(nint)to & (Line - 1));

    /// <summary>Copies a group of lanes. Call <see cref="Finish"/> after the last copy.</summary>
    /// <param name="from">Where each lane is, <see cref="LaneBytes"/> bytes.</param>
    /// <param name="next">Where each lane of the next group is; the same as <paramref name="from"/> if there is none.</param>
    /// <param name="to">An aligned address with room for <see cref="GroupBytes"/>; the lanes are written there one after the other.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static unsafe void CopyLanes(byte** from, byte** next, byte* to)
    {
        // SAFETY: steps divide a lane, so every one is inside its lane and inside the group's place at the destination.
        for (int done = 0; done < LaneBytes - Ahead; done += Step)
        {
            for (int lane = 0; lane < Lanes; lane++)
            {
                Fetch(from[lane] + done + Ahead);
                CopyStep(from[lane] + done, to + (lane * LaneBytes) + done);
            }
        }
        for (int done = LaneBytes - Ahead; done < LaneBytes; done += Step)
        {
            for (int lane = 0; lane < Lanes; lane++)
            {
                Fetch(next[lane] + done - (LaneBytes - Ahead));
                CopyStep(from[lane] + done, to + (lane * LaneBytes) + done);
            }
        }
    }

    /// <summary>Copies one piece. Call <see cref="Finish"/> after the last copy.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static unsafe void Copy(byte* from, byte* to, long count)
    {
        long done = Math.Min(count, ToAligned(to));
        // SAFETY: done never exceeds count, of which both sides have as many bytes; the stores are at aligned addresses from here on.
        Buffer.MemoryCopy(from, to, done, done);
        for (; done <= count - Step; done += Step)
        {
            Fetch(from + done + Ahead);
            CopyStep(from + done, to + done);
        }
        Buffer.MemoryCopy(from + done, to + done, count - done, count - done);
    }

    /// <summary>Makes the copied bytes visible to others before anything that is written later.</summary>
    public static void Finish() => Sse.StoreFence();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe void CopyStep(byte* from, byte* to)
    {
        // SAFETY: the caller's pointers have a whole step.
        CopyLine(from, to);
        CopyLine(from + Line, to + Line);
        CopyLine(from + (2 * Line), to + (2 * Line));
        CopyLine(from + (3 * Line), to + (3 * Line));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe void CopyLine(byte* from, byte* to)
    {
        // SAFETY: the caller's pointers have a whole line, and the destination is aligned.
        Vector128<byte> first = Vector128.Load(from);
        Vector128<byte> second = Vector128.Load(from + Vector);
        Vector128<byte> third = Vector128.Load(from + (2 * Vector));
        Vector128<byte> fourth = Vector128.Load(from + (3 * Vector));
        first.StoreAlignedNonTemporal(to);
        second.StoreAlignedNonTemporal(to + Vector);
        third.StoreAlignedNonTemporal(to + (2 * Vector));
        fourth.StoreAlignedNonTemporal(to + (3 * Vector));
    }

    /// <summary>Prefetches the lines of a step. Any address will do: the processor ignores those that are not mapped.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe void Fetch(byte* from)
    {
        // SAFETY: a prefetch reads nothing that the program sees, and does not fault.
        Sse.Prefetch0(from);
        Sse.Prefetch0(from + Line);
        Sse.Prefetch0(from + (2 * Line));
        Sse.Prefetch0(from + (3 * Line));
    }
}
