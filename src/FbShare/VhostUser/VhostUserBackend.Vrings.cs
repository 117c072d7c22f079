using FbShare.Linux;
using FbShare.Memory;
using FbShare.Virtio;

namespace FbShare.VhostUser;

/// <content>The queues: SET_VRING_*, GET_VRING_BASE, and what a kick sets off.</content>
public sealed partial class VhostUserBackend
{
    private bool TryGetVring(uint index, out Vring vring, out string? refusal)
    {
        bool good = index < (uint)_vrings.Length;
        vring = _vrings[good ? index : 0];
        refusal = good ? null : $"queue {index}: a virtio-gpu has {QueueCount} queues; is the front-end a gpu's?";
        return good;
    }

    private string? SetVringState(FrontEndRequest request, Messages.VringState state)
    {
        if (!TryGetVring(state.Index, out Vring vring, out string? refusal))
        {
            return refusal;
        }
        switch (request)
        {
            case FrontEndRequest.SetVringNum:
                vring.Size = state.Value;
                break;
            case FrontEndRequest.SetVringBase:
                if (state.Index == 0 && state.Value == 0 && vring.Base != 0 && vring.Queue is null)
                {
                    // The guest's driver starts from scratch: QEMU's generic vhost-user devices tell of a reset in no other
                    // way, while after stop and cont the place saved by GET_VRING_BASE comes back.
                    _log("guest was reset");
                    _device.Reset();
                }
                vring.Base = (ushort)state.Value;
                break;
            default:
                vring.Enabled = state.Value != 0;
                Kicked(vring);
                break;
        }
        return null;
    }

    private string? SetVringDescriptor(FrontEndRequest request, ulong value)
    {
        if (!TryGetVring((uint)(value & Messages.VringIndexMask), out Vring vring, out string? refusal))
        {
            return refusal;
        }
        FileDescriptor? fd = (value & Messages.VringNoDescriptor) == 0 ? _channel.TakeDescriptor() : null;
        EventFd? eventFd = fd is null ? null : new EventFd(fd);
        switch (request)
        {
            case FrontEndRequest.SetVringCall:
                vring.Call = eventFd;
                return null;
            case FrontEndRequest.SetVringErr:
                vring.Error = eventFd;
                return null;
        }
        if (eventFd is null)
        {
            return "a queue without a kick descriptor: polling is not offered";
        }
        Drain(vring);
        try
        {
            vring.Start(_loop, _memory, _features, eventFd, Kicked);
        }
        catch (GuestMemoryException e)
        {
            vring.Stop();
            return e.Message;
        }
        if ((_protocolFeatures & Offered) == 0)
        {
            // Without protocol features a ring starts enabled.
            vring.Enabled = true;
        }
        Kicked(vring);
        return null;
    }

    private void Kicked(Vring vring)
    {
        if (vring.Queue is not { Broken: null } queue || !vring.Enabled)
        {
            return;
        }
        if (vring.Index == 0 ? _device.ProcessControl(queue) : _device.ProcessCursor(queue))
        {
            vring.Again();
        }
        if (queue.Broken is { } why)
        {
            _log($"guest broke queue {vring.Index}: {why}; it is ignored until the guest is reset");
            vring.SignalError();
        }
    }

    private void GetVringBase()
    {
        Messages.VringState state = Read<Messages.VringState>();
        if (!TryGetVring(state.Index, out Vring vring, out string? refusal))
        {
            throw new VhostUserException(refusal!);
        }
        Drain(vring);
        vring.Stop();
        _channel.Reply(new Messages.VringState { Index = state.Index, Value = vring.Base });
    }

    /// <summary>The ring is about to stop or to be set up anew: the driver must find everything that it is owed.</summary>
    private void Drain(Vring vring)
    {
        if (vring.Queue is { } queue)
        {
            _device.Drain(queue);
        }
    }
}
