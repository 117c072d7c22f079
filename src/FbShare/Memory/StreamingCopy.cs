using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace FbShare.Memory;

/// <summary>Copies that go past the cache (non-temporal stores): for pictures larger than it, which their reader finds in
/// memory anyway. The C library does so for one large run; a scattered picture is many small ones.</summary>
/// <remarks>Memory answers several streams sooner than one, and a processor does not look ahead from one page into another that
/// does not follow it. So four pages are copied side by side, and what comes first in the next four is fetched
/// meanwhile. Vectors of 16 bytes, which every x86-64 has: a program compiled ahead of time for any of them has no wider ones,
/// and whole lines leave the processor as fast either way. Where it is compiled while it runs, then in full at the first call: a
/// first picture of thousands of pieces would run unoptimised.</remarks>
internal static unsafe class StreamingCopy
{
    /// <summary>Sources copied side by side.</summary>
    public const int Lanes = 4;

    /// <summary>Bytes of each: a page, what a guest's memory comes in.</summary>
    public const int LaneBytes = 4096;

    /// <summary>Bytes of a group of lanes.</summary>
    public const int GroupBytes = Lanes * LaneBytes;

    /// <summary>About what one core's share of a cache holds.</summary>
    private const long CacheBytes = 2 << 20;

    private const int Vector = 16;

    /// <summary>A cache line: stored whole, it needs not be read first.</summary>
    private const int Line = 4 * Vector;

    private const int Step = 4 * Line;

    /// <summary>How far ahead of a read its lines are fetched.</summary>
    private const int Ahead = 4 * Step;

    /// <summary>Whether a picture of so many bytes is better copied this way.</summary>
    public static bool PaysFor(long bytes) => bytes >= CacheBytes && Sse2.IsSupported;

    /// <summary>Whether lanes may be copied to this address.</summary>
    public static bool IsAligned(byte* to) => ToAligned(to) == 0;

    /// <summary>Bytes until the next address that is aligned.</summary>
    public static int ToAligned(byte* to) => (int)(-(nint)to & (Line - 1));

    /// <summary>Copies a group of lanes. <see cref="Finish"/> must follow the last copy.</summary>
    /// <param name="from">Where each lane is read.</param>
    /// <param name="next">Where each lane of the following group will be read; the same as <paramref name="from"/> if there is none.</param>
    /// <param name="to">An aligned address; the lanes are written there one behind the other.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void CopyLanes(byte** from, byte** next, byte* to)
    {
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

    /// <summary>Copies one piece. <see cref="Finish"/> must follow the last one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Copy(byte* from, byte* to, long count)
    {
        long done = Math.Min(count, ToAligned(to));
        Buffer.MemoryCopy(from, to, done, done);
        for (; done <= count - Step; done += Step)
        {
            Fetch(from + done + Ahead);
            CopyStep(from + done, to + done);
        }
        Buffer.MemoryCopy(from + done, to + done, count - done, count - done);
    }

    /// <summary>Makes what was copied visible before anything that is written after it.</summary>
    public static void Finish() => Sse.StoreFence();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CopyStep(byte* from, byte* to)
    {
        CopyLine(from, to);
        CopyLine(from + Line, to + Line);
        CopyLine(from + (2 * Line), to + (2 * Line));
        CopyLine(from + (3 * Line), to + (3 * Line));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void CopyLine(byte* from, byte* to)
    {
        Vector128<byte> first = Vector128.Load(from);
        Vector128<byte> second = Vector128.Load(from + Vector);
        Vector128<byte> third = Vector128.Load(from + (2 * Vector));
        Vector128<byte> fourth = Vector128.Load(from + (3 * Vector));
        first.StoreAlignedNonTemporal(to);
        second.StoreAlignedNonTemporal(to + Vector);
        third.StoreAlignedNonTemporal(to + (2 * Vector));
        fourth.StoreAlignedNonTemporal(to + (3 * Vector));
    }

    /// <summary>Has a step's lines fetched. The address may be any: it is not read.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Fetch(byte* from)
    {
        Sse.Prefetch0(from);
        Sse.Prefetch0(from + Line);
        Sse.Prefetch0(from + (2 * Line));
        Sse.Prefetch0(from + (3 * Line));
    }
}
