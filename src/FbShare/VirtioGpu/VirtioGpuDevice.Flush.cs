using FbShare.Linux;
using FbShare.Pictures;
using FbShare.Virtio;

namespace FbShare.VirtioGpu;

/// <summary>RESOURCE_FLUSH: consumers are told, and a fenced flush completes when they have read and its time has come.</summary>
/// <remarks>The response is written at once; what is held back is the entry in the used ring, without which the driver may not
/// look at it. So nothing points into guest memory while a flush is held.</remarks>
public sealed partial class VirtioGpuDevice
{
    /// <summary>How long a fenced flush may be held: Linux waits 50 ms for it (virtgpu_plane.c) and then goes on regardless.</summary>
    private const long LongestHold = 45_000_000;

    private readonly LoopTimer _flushTimer;

    /// <inheritdoc/>
    public void FrameConsumed(int output)
    {
        OutputState state = _outputs[output];
        if (state.Held is { } held)
        {
            held.Reading = false;
            state.Held = held;
            CompleteDueFlushes();
        }
    }

    private void HandleFlush(Virtqueue queue, DescriptorChain chain, in Protocol.Header header, ReadOnlySpan<byte> command)
    {
        if (!TryRead(command, out Protocol.ResourceFlush request))
        {
            Reply(queue, chain, header, Refuse(CommandType.ResourceFlush, ResponseType.ErrUnspec, "too short"));
            return;
        }
        if (!_resources.TryGet(request.ResourceId, out Resource? resource))
        {
            Reply(queue, chain, header, Refuse(CommandType.ResourceFlush, ResponseType.ErrInvalidResourceId, $"{request.ResourceId} is not there"));
            return;
        }
        if (resource.Layout2D is { } layout && !request.Rectangle.TryWithin(layout.Width, layout.Height, out _))
        {
            Reply(queue, chain, header, Refuse(CommandType.ResourceFlush, ResponseType.ErrInvalidParameter, "the rectangle is not inside the resource"));
            return;
        }
        bool fenced = (header.Flags & Protocol.FlagFence) != 0;
        long now = EventLoop.Now;
        int holder = -1;
        var hold = new HeldFlush { Due = now };
        for (int i = 0; i < _outputs.Length; i++)
        {
            if ((resource.ShownOn & (1u << i)) == 0)
            {
                continue;
            }
            OutputState output = _outputs[i];
            Rect damage = request.Rectangle.ClipTo(FrameLayout.MaxDimension, FrameLayout.MaxDimension).Offset(-output.Origin.X, -output.Origin.Y);
            bool reading = _hub.Flush(i, damage);
            if (fenced)
            {
                // A resource on several outputs completes with the last of them.
                long due = output.Pacer.Take(now);
                if (holder < 0 || due > hold.Due || reading)
                {
                    holder = i;
                    hold.Due = Math.Max(hold.Due, due);
                    hold.Reading |= reading;
                }
            }
        }
        int written = WriteResponse(chain, ResponseHeader(header, ResponseType.OkNoData));
        if (holder < 0 || (hold.Due <= now && !hold.Reading))
        {
            Push(queue, chain.Head, written);
            return;
        }
        hold.Queue = queue;
        hold.Head = chain.Head;
        hold.Written = written;
        hold.Deadline = now + LongestHold;
        hold.Due = Math.Min(hold.Due, hold.Deadline);
        Hold(holder, hold);
    }

    private void Hold(int output, HeldFlush flush)
    {
        // One at a time: a driver that sends the next before this one is done does not wait for it.
        Release(_outputs[output]);
        _outputs[output].Held = flush;
        SetFlushTimer();
    }

    private void CompleteDueFlushes()
    {
        long now = EventLoop.Now;
        foreach (OutputState output in _outputs)
        {
            if (output.Held is { } held && now >= held.ReleaseAt)
            {
                Release(output);
            }
        }
        SetFlushTimer();
    }

    private void CompleteFlushesOf(Virtqueue queue)
    {
        foreach (OutputState output in _outputs)
        {
            if (ReferenceEquals(output.Held?.Queue, queue))
            {
                Release(output);
            }
        }
    }

    private void ForgetFlushes()
    {
        foreach (OutputState output in _outputs)
        {
            output.Held = null;
        }
        _flushTimer.Cancel();
    }

    private void Release(OutputState output)
    {
        if (output.Held is { } held)
        {
            output.Held = null;
            Push(held.Queue, held.Head, held.Written);
            held.Queue.Notify();
        }
    }

    private void SetFlushTimer()
    {
        long? next = null;
        foreach (OutputState output in _outputs)
        {
            if (output.Held is { } held)
            {
                next = Math.Min(next ?? long.MaxValue, held.ReleaseAt);
            }
        }
        if (next is { } at && at != _flushTimer.DueAt)
        {
            _flushTimer.SetAt(at);
        }
    }

    /// <summary>A fenced flush whose completion waits.</summary>
    private struct HeldFlush
    {
        public Virtqueue Queue;
        public ushort Head;
        public int Written;

        /// <summary>Some consumer has not finished reading.</summary>
        public bool Reading;

        /// <summary>When its refresh slot comes.</summary>
        public long Due;

        /// <summary>When it completes whatever happens.</summary>
        public long Deadline;

        public readonly long ReleaseAt => Reading ? Deadline : Due;
    }
}
