using FbShare.Display;
using FbShare.Linux;
using FbShare.Pictures;
using FbShare.Virtio;

namespace FbShare.VirtioGpu;

/// <content>RESOURCE_FLUSH: consumers are told, and a fenced flush completes when those who read the guest's pages have read and its
/// slot has come.</content>
public sealed partial class VirtioGpuDevice
{
    private readonly LoopTimer _flushTimer;

    /// <summary>One for each output and one to spare: an output has at most one flush under way.</summary>
    private readonly HeldFlush[] _flushes;

    private void HandleFlush(Virtqueue queue, DescriptorChain chain, in Protocol.Header header, ReadOnlySpan<byte> command)
    {
        if (!TryRead(command, out Protocol.ResourceFlush request))
        {
            Reply(queue, chain, header, Refuse(CommandType.ResourceFlush, ResponseType.ErrUnspec, "the request is too short"));
            return;
        }
        if (!_resources.TryGet(request.ResourceId, out Resource? resource))
        {
            Reply(queue, chain, header, Refuse(CommandType.ResourceFlush, ResponseType.ErrInvalidResourceId, $"there is no resource {request.ResourceId}"));
            return;
        }
        if (resource.Layout2D is { } layout && !request.Rectangle.IsWithin(layout.Width, layout.Height))
        {
            Reply(queue, chain, header, Refuse(CommandType.ResourceFlush, ResponseType.ErrInvalidParameter, "the rectangle is not inside the resource"));
            return;
        }
        Rect damage = request.Rectangle.ClipTo(FrameLayout.MaxDimension, FrameLayout.MaxDimension);
        uint outputs = OutputsOf(resource);
        long now = EventLoop.Now;
        if (outputs == 0 || (header.Flags & Protocol.FlagFence) == 0)
        {
            ShowFlush(outputs, damage, now, fence: null);
            Reply(queue, chain, header, ResponseType.OkNoData);
            return;
        }
        HeldFlush flush = BeginFlush(outputs, now);
        ShowFlush(outputs, damage, now, flush.Fence);
        if (resource.IsBlob)
        {
            // Linux fences the flips of its blobs, and is paced by that. It does not fence 2D flushes; drivers that do (firmware, BSD)
            // spin until they are answered.
            TakeSlots(flush, now);
        }
        int written = WriteResponse(chain, ResponseHeader(header, ResponseType.OkNoData));
        if (flush.CompletesAt <= now)
        {
            flush.Free();
            Push(queue, chain.Head, written);
            return;
        }
        flush.Hold(queue, chain.Head, written);
        SetFlushTimer();
    }

    /// <summary>The outputs that show a resource, bit n for output n.</summary>
    private uint OutputsOf(Resource resource)
    {
        uint outputs = 0;
        for (int i = 0; i < _outputs.Length; i++)
        {
            if (Shows(i, resource))
            {
                outputs |= 1u << i;
            }
        }
        return outputs;
    }

    /// <summary>Tells the consumers of these outputs what changed in the resource's picture.</summary>
    private void ShowFlush(uint outputs, Rect damage, long at, ReadFence? fence)
    {
        for (int i = 0; outputs != 0; i++, outputs >>= 1)
        {
            if ((outputs & 1) != 0 && _hub.GetScanout(i) is { } scanout)
            {
                _hub.Flush(i, damage.Offset(-scanout.Origin.X, -scanout.Origin.Y), fence, at);
            }
        }
    }

    /// <summary>A flush waits for the slots of all of its outputs.</summary>
    private void TakeSlots(HeldFlush flush, long now)
    {
        for (int i = 0; i < _outputs.Length; i++)
        {
            if ((flush.Outputs & (1u << i)) != 0)
            {
                flush.WaitUntil(_outputs[i].Pacer.Take(now));
            }
        }
    }

    /// <summary>Starts a flush of some outputs. An earlier flush of theirs that is still held completes: a driver that sends the next one does not
    /// wait for the earlier.</summary>
    private HeldFlush BeginFlush(uint outputs, long now)
    {
        HeldFlush? free = null;
        foreach (HeldFlush flush in _flushes)
        {
            if (flush.IsHeld && (flush.Outputs & outputs) != 0)
            {
                Complete(flush);
            }
            if (!flush.IsHeld)
            {
                free ??= flush;
            }
        }
        free!.Begin(outputs, now, (long)_options.LongestHold.TotalNanoseconds);
        return free;
    }

    private void CompleteDueFlushes()
    {
        long now = EventLoop.Now;
        foreach (HeldFlush flush in _flushes)
        {
            if (flush.IsHeld && flush.CompletesAt <= now)
            {
                if (!flush.Fence.IsPassed)
                {
                    GiveUpWaiting(flush.Outputs);
                }
                Complete(flush);
            }
        }
        SetFlushTimer();
    }

    /// <summary>The guest goes on though somebody has not finished reading.</summary>
    private void GiveUpWaiting(uint outputs)
    {
        for (int i = 0; outputs != 0; i++, outputs >>= 1)
        {
            if ((outputs & 1) != 0)
            {
                _hub.GuestGoesOn(i);
            }
        }
    }

    private void CompleteFlushesOf(Virtqueue queue)
    {
        foreach (HeldFlush flush in _flushes)
        {
            if (flush.IsOf(queue))
            {
                Complete(flush);
            }
        }
    }

    private void ForgetFlushes()
    {
        foreach (HeldFlush flush in _flushes)
        {
            flush.Free();
        }
        _flushTimer.Cancel();
    }

    private void Complete(HeldFlush flush)
    {
        (Virtqueue queue, ushort head, int written) = flush.Release();
        Push(queue, head, written);
        queue.Notify();
    }

    private void SetFlushTimer()
    {
        long next = long.MaxValue;
        foreach (HeldFlush flush in _flushes)
        {
            if (flush.IsHeld)
            {
                next = Math.Min(next, flush.CompletesAt);
            }
        }
        if (next != long.MaxValue && next != _flushTimer.DueAt)
        {
            _flushTimer.SetAt(next);
        }
    }
}
