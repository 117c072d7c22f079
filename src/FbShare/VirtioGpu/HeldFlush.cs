using FbShare.Display;
using FbShare.Virtio;

namespace FbShare.VirtioGpu;

/// <summary>A fenced flush whose completion waits: for everybody who reads the guest's pages, and for its slot.</summary>
/// <remarks>Reused. The response is written already; what is held back is the entry in the used ring, without which the driver may not
/// look at it. So nothing points into guest memory while a flush is held.</remarks>
internal sealed class HeldFlush(Action read)
{
    private Virtqueue? _queue;
    private ushort _head;
    private int _written;
    private long _due;
    private long _deadline;

    /// <summary>Passes when everybody has read.</summary>
    public ReadFence Fence { get; } = new(read);

    /// <summary>The outputs that the flush is of, bit n for output n; none while this is free.</summary>
    public uint Outputs { get; private set; }

    public bool IsHeld => _queue is not null;

    /// <summary>When it completes, as far as is known now (<see cref="Linux.EventLoop.Now"/>).</summary>
    public long CompletesAt => Fence.IsPassed ? _due : _deadline;

    /// <summary>Starts to hold a flush that came at <paramref name="now"/>.</summary>
    /// <param name="longest">How long it may be held at most, in nanoseconds.</param>
    public void Begin(uint outputs, long now, long longest)
    {
        Fence.Reset();
        Outputs = outputs;
        _due = now;
        _deadline = now + longest;
    }

    /// <summary>It does not complete before its slot on one of its outputs, but always at the deadline.</summary>
    public void WaitUntil(long slot) => _due = Math.Min(Math.Max(_due, slot), _deadline);

    /// <summary>Holds the entry back.</summary>
    public void Hold(Virtqueue queue, ushort head, int written)
    {
        (_queue, _head, _written) = (queue, head, written);
        queue.Hold(head, (uint)written);
    }

    public bool IsOf(Virtqueue queue) => ReferenceEquals(_queue, queue);

    /// <summary>Completes what was held; this can be used again.</summary>
    public (Virtqueue Queue, ushort Head, int Written) Release()
    {
        var held = (_queue!, _head, _written);
        Free();
        return held;
    }

    /// <summary>Nothing is held any more; nobody is told.</summary>
    public void Free()
    {
        _queue = null;
        Outputs = 0;
    }
}
