using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace FbShare.Memory;

/// <summary>Copies over an earlier copy and finds out what has changed: both are read once, and only blocks that differ are written.</summary>
/// <remarks>So a guest that flushes a whole screen for a new letter costs its readers a letter. Where most of a picture changes, comparing it
/// is for nothing, and <see cref="StreamingCopy"/> is faster.</remarks>
internal static class ComparingCopy
{
    /// <summary>Bytes that are compared, and written, at a time: two cache lines.</summary>
    public const int BlockBytes = 8 * Vector;

    private const int Vector = 16;

    /// <summary>How far ahead of the reads lines are prefetched.</summary>
    private const int Ahead = 1024;

    /// <summary>The same in each of several lanes.</summary>
    private const int LaneAhead = 512;

    /// <summary>Copies one piece. The pointers are the caller's, who answers for <paramref name="count"/> bytes on both sides.</summary>
    /// <param name="at">Where the destination's first byte is in the picture.</param>
    /// <param name="changed">Told of every block that differs.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static unsafe void Copy(byte* from, byte* to, long count, long at, ChangedArea changed)
    {
        long done = 0;
        // SAFETY: a block is inside both sides as long as done is not more than count - BlockBytes. Any address may be prefetched.
        for (; done <= count - BlockBytes; done += BlockBytes)
        {
            if (Sse.IsSupported)
            {
                Sse.Prefetch0(from + done + Ahead);
                Sse.Prefetch0(from + done + Ahead + 64);
                Sse.Prefetch0(to + done + Ahead);
                Sse.Prefetch0(to + done + Ahead + 64);
            }
            if (CopyBlock(from + done, to + done))
            {
                changed.Add(at + done, BlockBytes);
            }
        }
        int rest = (int)(count - done);
        if (rest > 0 && !new ReadOnlySpan<byte>(from + done, rest).SequenceEqual(new ReadOnlySpan<byte>(to + done, rest)))
        {
            Buffer.MemoryCopy(from + done, to + done, rest, rest);
            changed.Add(at + done, rest);
        }
    }

    /// <summary>Copies a group of lanes, side by side for the reasons that <see cref="StreamingCopy"/> gives.</summary>
    /// <param name="from">Where each lane is, <see cref="StreamingCopy.LaneBytes"/> bytes.</param>
    /// <param name="next">Where each lane of the next group is; the same as <paramref name="from"/> if there is none.</param>
    /// <param name="to">Room for <see cref="StreamingCopy.GroupBytes"/>: one lane after the other.</param>
    /// <param name="at">Where the destination's first byte is in the picture.</param>
    /// <param name="changed">Told of every block that differs.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static unsafe void CopyLanes(byte** from, byte** next, byte* to, long at, ChangedArea changed)
    {
        // SAFETY: blocks divide a lane, so every one is inside its lane and inside the group's place at the destination.
        for (int done = 0; done < StreamingCopy.LaneBytes; done += BlockBytes)
        {
            for (int lane = 0; lane < StreamingCopy.Lanes; lane++)
            {
                byte* old = to + (lane * StreamingCopy.LaneBytes) + done;
                if (Sse.IsSupported)
                {
                    byte* ahead = done < StreamingCopy.LaneBytes - LaneAhead ? from[lane] + done + LaneAhead : next[lane] + done - (StreamingCopy.LaneBytes - LaneAhead);
                    Sse.Prefetch0(ahead);
                    Sse.Prefetch0(ahead + 64);
                    Sse.Prefetch0(old + LaneAhead);
                    Sse.Prefetch0(old + LaneAhead + 64);
                }
                if (CopyBlock(from[lane] + done, old))
                {
                    changed.Add(at + (lane * StreamingCopy.LaneBytes) + done, BlockBytes);
                }
            }
        }
    }

    /// <summary>Copies a block if it differs. The source is read once: the guest may change it at any time.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static unsafe bool CopyBlock(byte* from, byte* to)
    {
        // SAFETY: the caller's pointers have a whole block.
        Vector128<byte> a = Vector128.Load(from);
        Vector128<byte> b = Vector128.Load(from + Vector);
        Vector128<byte> c = Vector128.Load(from + (2 * Vector));
        Vector128<byte> d = Vector128.Load(from + (3 * Vector));
        Vector128<byte> e = Vector128.Load(from + (4 * Vector));
        Vector128<byte> f = Vector128.Load(from + (5 * Vector));
        Vector128<byte> g = Vector128.Load(from + (6 * Vector));
        Vector128<byte> h = Vector128.Load(from + (7 * Vector));
        Vector128<byte> difference =
            ((a ^ Vector128.Load(to)) | (b ^ Vector128.Load(to + Vector)))
            | ((c ^ Vector128.Load(to + (2 * Vector))) | (d ^ Vector128.Load(to + (3 * Vector))))
            | ((e ^ Vector128.Load(to + (4 * Vector))) | (f ^ Vector128.Load(to + (5 * Vector))))
            | ((g ^ Vector128.Load(to + (6 * Vector))) | (h ^ Vector128.Load(to + (7 * Vector))));
        if (difference == Vector128<byte>.Zero)
        {
            return false;
        }
        a.Store(to);
        b.Store(to + Vector);
        c.Store(to + (2 * Vector));
        d.Store(to + (3 * Vector));
        e.Store(to + (4 * Vector));
        f.Store(to + (5 * Vector));
        g.Store(to + (6 * Vector));
        h.Store(to + (7 * Vector));
        return true;
    }
}
