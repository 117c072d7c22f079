using System.Runtime.InteropServices;
using FbShare.Keeping;
using FbShare.Linux;

namespace FbShare.VfioUser;

/// <content>Interrupts: GET_IRQ_INFO and SET_IRQS (linux/vfio.h, VFIO_DEVICE_SET_IRQS).</content>
internal sealed partial class VfioUserConnection
{
    private EventFd? _unmask;
    private EventLoop.Watch? _unmaskWatch;

    /// <summary>How many interrupts of a kind the device has.</summary>
    private uint IrqCount(uint index) => (IrqIndex)index switch
    {
        // The error interrupt is never raised, but QEMU warns if a device does not offer it.
        IrqIndex.Intx or IrqIndex.Error => 1,
        IrqIndex.Msix => (uint)_function.Interrupts.VectorCount,
        _ => 0,
    };

    private Errno GetIrqInfo(ReadOnlySpan<byte> request)
    {
        if (!MemoryMarshal.TryRead(request, out Messages.IrqInfo info) || info.ArgSize < Marshal.SizeOf<Messages.IrqInfo>() || info.Index >= (uint)IrqIndex.Count)
        {
            return Errno.EINVAL;
        }
        _channel.Append(new Messages.IrqInfo
        {
            ArgSize = (uint)Marshal.SizeOf<Messages.IrqInfo>(),
            Flags = (IrqIndex)info.Index switch
            {
                IrqIndex.Intx => Messages.IrqFlagEventFd | Messages.IrqFlagMaskable | Messages.IrqFlagAutoMasked,
                // Vectors may come one by one: nothing is lost meanwhile.
                IrqIndex.Msix or IrqIndex.Error => Messages.IrqFlagEventFd,
                _ => 0,
            },
            Index = info.Index,
            Count = IrqCount(info.Index),
        });
        return Errno.None;
    }

    private Errno SetIrqs(ReadOnlySpan<byte> request)
    {
        if (!MemoryMarshal.TryRead(request, out Messages.IrqSet set) || set.Index >= (uint)IrqIndex.Count)
        {
            return Errno.EINVAL;
        }
        var flags = (IrqSetFlags)set.Flags;
        uint count = IrqCount(set.Index);
        if ((flags & ~(IrqSetFlags.Data | IrqSetFlags.Action)) != 0 || set.Start > count || set.Count > count - set.Start)
        {
            return Errno.EINVAL;
        }
        ReadOnlySpan<byte> bools = request[Marshal.SizeOf<Messages.IrqSet>()..];
        switch (flags & IrqSetFlags.Data)
        {
            case IrqSetFlags.DataBool when bools.Length >= (int)set.Count:
                break;
            case IrqSetFlags.DataNone:
            case IrqSetFlags.DataEventFd when _channel.Descriptors.Count == 0 || _channel.Descriptors.Count == (int)set.Count:
                bools = default;
                break;
            default:
                return Errno.EINVAL;
        }
        try
        {
            return SetIrqs(set, flags, bools);
        }
        catch (LinuxException e)
        {
            // The descriptor is not an eventfd, or no descriptor is free.
            return e.Errno;
        }
    }

    private Errno SetIrqs(in Messages.IrqSet set, IrqSetFlags flags, ReadOnlySpan<byte> bools) =>
        (flags & IrqSetFlags.Action, (IrqIndex)set.Index) switch
        {
            (IrqSetFlags.Trigger, _) when flags.HasFlag(IrqSetFlags.DataEventFd) => SetTriggers(set),
            (IrqSetFlags.Trigger, _) when set.Count == 0 => Disable((IrqIndex)set.Index),
            (IrqSetFlags.Trigger, _) => Raise(set, bools),
            (IrqSetFlags.Unmask, IrqIndex.Intx) when flags.HasFlag(IrqSetFlags.DataEventFd) => WatchUnmask(),
            (IrqSetFlags.Mask or IrqSetFlags.Unmask, IrqIndex.Intx) when !flags.HasFlag(IrqSetFlags.DataEventFd) => MaskLine(set, bools, flags.HasFlag(IrqSetFlags.Mask)),
            _ => Errno.EINVAL,
        };

    /// <summary>Gives each interrupt its eventfd; without descriptors, takes the eventfds away.</summary>
    private Errno SetTriggers(in Messages.IrqSet set)
    {
        for (uint i = 0; i < set.Count; i++)
        {
            EventFd? eventFd = _channel.TakeDescriptor() is { } fd ? new EventFd(fd) : null;
            switch ((IrqIndex)set.Index)
            {
                case IrqIndex.Intx:
                    Keep(DescriptorKind.Line, 0, eventFd);
                    _function.Interrupts.SetLine(eventFd);
                    break;
                case IrqIndex.Msix:
                    Keep(DescriptorKind.Vector, set.Start + i, eventFd);
                    _function.Interrupts.SetVector((int)(set.Start + i), eventFd);
                    break;
                default:
                    eventFd?.Dispose();
                    break;
            }
        }
        return Errno.None;
    }

    private Errno Disable(IrqIndex index)
    {
        switch (index)
        {
            case IrqIndex.Intx:
                StopWatchingUnmask();
                Memory.Keeper?.DropAll(DescriptorKind.Line);
                _function.Interrupts.SetLine(null);
                break;
            case IrqIndex.Msix:
                Memory.Keeper?.DropAll(DescriptorKind.Vector);
                _function.Interrupts.ClearVectors();
                break;
        }
        return Errno.None;
    }

    /// <summary>The client tests its own eventfds.</summary>
    private Errno Raise(in Messages.IrqSet set, ReadOnlySpan<byte> bools)
    {
        for (int i = 0; i < (int)set.Count; i++)
        {
            if (!bools.IsEmpty && bools[i] == 0)
            {
                continue;
            }
            switch ((IrqIndex)set.Index)
            {
                case IrqIndex.Intx:
                    _function.Interrupts.SignalLine();
                    break;
                case IrqIndex.Msix:
                    _function.Interrupts.Raise((int)set.Start + i);
                    break;
            }
        }
        return Errno.None;
    }

    private Errno MaskLine(in Messages.IrqSet set, ReadOnlySpan<byte> bools, bool mask)
    {
        if (set.Count == 0 || (!bools.IsEmpty && bools[0] == 0))
        {
            return Errno.None;
        }
        if (mask)
        {
            _function.Interrupts.MaskLine();
        }
        else
        {
            _function.Interrupts.UnmaskLine();
        }
        return Errno.None;
    }

    /// <summary>With KVM, the guest's end of interrupt arrives through an eventfd and not through the client.</summary>
    private Errno WatchUnmask()
    {
        StopWatchingUnmask();
        if (_channel.TakeDescriptor() is not { } fd)
        {
            return Errno.None;
        }
        var unmask = new EventFd(fd);
        Keep(DescriptorKind.Unmask, 0, unmask);
        WatchUnmask(unmask);
        return Errno.None;
    }

    private void WatchUnmask(EventFd unmask)
    {
        _unmask = unmask;
        // Every write wakes the loop; how many there were does not matter.
        _unmaskWatch = Loop.Add(unmask.Descriptor, LoopEvents.Readable | LoopEvents.Edge, _ => Unmasked());
    }

    private void Unmasked()
    {
        try
        {
            _function.Interrupts.UnmaskLine();
        }
        catch (Exception e)
        {
            Dismiss(e);
        }
    }

    private void StopWatchingUnmask()
    {
        _unmaskWatch?.Dispose();
        _unmaskWatch = null;
        _unmask?.Dispose();
        _unmask = null;
        Memory.Keeper?.Drop(DescriptorKind.Unmask);
    }
}
