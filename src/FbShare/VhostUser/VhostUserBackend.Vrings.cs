using FbShare.Linux;
using FbShare.Memory;
using FbShare.Virtio;

namespace FbShare.VhostUser;

/// <content>The queues: SET_VRING_*, GET_VRING_BASE, and what a kick sets off.</content>
internal sealed partial class VhostUserBackend
{
    /// <summary>VHOST_USER_F_PROTOCOL_FEATURES was acknowledged: rings wait for SET_VRING_ENABLE.</summary>
    private bool _startDisabled;

    /// <summary>No ring runs ("Suspended device state").</summary>
    private bool IsSuspended => Array.TrueForAll(_vrings, v => v.Queue is null);

    private bool TryGetVring(uint index, out Vring vring, out string? refusal)
    {
        bool good = index < (uint)_vrings.Length;
        vring = _vrings[good ? index : 0];
        refusal = good ? null : $"queue {index}: a virtio-gpu has {QueueCount} queues; is the front-end a gpu's?";
        return good;
    }

    /// <summary>Without VHOST_USER_F_PROTOCOL_FEATURES every ring is enabled, at once and whenever it starts. With it, a ring that is
    /// enabled stays enabled.</summary>
    private void StartDisabled(bool disabled)
    {
        _startDisabled = disabled;
        foreach (Vring vring in _vrings)
        {
            if (!disabled)
            {
                Enable(vring);
            }
        }
    }

    private void Enable(Vring vring)
    {
        vring.Enabled = true;
        // Before the first request is taken: if this device dies over it, the next one must know that the queue runs.
        Save();
        Work(vring);
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
                if (vring.Queue is not null && state.Value != vring.Size)
                {
                    return "the queue runs: its size can be set only while it is stopped";
                }
                vring.Size = state.Value;
                return null;
            case FrontEndRequest.SetVringBase:
                if (vring.Queue is { } queue && (ushort)state.Value != queue.LastAvail)
                {
                    return $"the queue runs and is at {queue.LastAvail}: its place can be set only while it is stopped";
                }
                vring.Base = (ushort)state.Value;
                return null;
            default:
                if (state.Value != 0)
                {
                    Enable(vring);
                }
                else
                {
                    vring.Enabled = false;
                }
                return null;
        }
    }

    private string? SetVringAddress(Messages.VringAddress address)
    {
        if (!TryGetVring(address.Index, out Vring vring, out string? refusal))
        {
            return refusal;
        }
        Messages.VringAddress now = vring.Address;
        if (vring.Queue is not { } queue || (address.Descriptors, address.Available, address.Used) == (now.Descriptors, now.Available, now.Used))
        {
            vring.Address = address;
            return null;
        }
        try
        {
            // Requests that are still held belong to the rings where they were before.
            _device.Drain(queue);
            vring.Move(Memory, _features, address);
        }
        catch (GuestMemoryException e)
        {
            return e.Message;
        }
        Save();
        Work(vring);
        return null;
    }

    private string? SetVringDescriptor(FrontEndRequest request, ulong value)
    {
        if (!TryGetVring((uint)(value & Messages.VringIndexMask), out Vring vring, out string? refusal))
        {
            return refusal;
        }
        EventFd? eventFd = null;
        if ((value & Messages.VringNoDescriptor) == 0)
        {
            if (_channel.TakeDescriptor() is not { } fd)
            {
                return NoDescriptor;
            }
            try
            {
                eventFd = new EventFd(fd);
            }
            catch (LinuxException e)
            {
                return e.Message;
            }
        }
        Keep(request, vring, eventFd);
        switch (request)
        {
            case FrontEndRequest.SetVringCall:
                vring.Call = eventFd;
                return null;
            case FrontEndRequest.SetVringErr:
                vring.Error = eventFd;
                return null;
            default:
                return eventFd is null ? "a queue without a kick descriptor: polling is not offered" : SetVringKick(vring, eventFd);
        }
    }

    /// <summary>Starts a stopped ring; one that runs goes on with the new descriptor.</summary>
    private string? SetVringKick(Vring vring, EventFd kick)
    {
        try
        {
            vring.Kick(kick);
            if (vring.Queue is null)
            {
                Start(vring);
            }
        }
        catch (Exception e) when (e is GuestMemoryException or LinuxException)
        {
            if (vring.Queue is null)
            {
                vring.Stop();
            }
            return e.Message;
        }
        Save();
        Work(vring);
        return null;
    }

    private void Start(Vring vring)
    {
        bool suspended = IsSuspended;
        vring.Start(Memory, _features);
        if (IsNewDriver(vring, suspended))
        {
            Log.GuestWasReset();
            ForgetPlaces();
            _device.Reset();
        }
        vring.Enabled |= !_startDisabled;
        if (_configChangeOwed)
        {
            SendConfigChange();
        }
    }

    /// <summary>Whether the guest's driver starts from scratch. QEMU's generic vhost-user devices do not announce a reset. It shows only
    /// in the rings: after all of them were stopped they start at 0; after stop and cont they start where they stopped. The reset of one
    /// ring is not a reset of the device, because the other ring goes on running. A front-end that sends SET_STATUS or RESET_DEVICE has
    /// announced the reset already, and then it is not known here where the rings stopped.</summary>
    /// <param name="suspended">Whether no ring was running before this one.</param>
    private bool IsNewDriver(Vring started, bool suspended)
    {
        if (started.Base != 0 || started.StoppedAt is not { } place)
        {
            return false;
        }
        if (suspended)
        {
            // After exactly 65536 requests both places are 0; then the used ring shows whether the driver is new.
            return place != 0 || started.Queue!.IsUnused;
        }
        // The ring that started before this one had stopped at 0, which proves nothing. This one's place does, unless a request was taken since.
        return place != 0 && Array.TrueForAll(_vrings, v => v == started || v.Queue is null or { LastAvail: 0 } && v.StoppedAt == 0);
    }

    private void ForgetPlaces()
    {
        foreach (Vring vring in _vrings)
        {
            vring.ForgetPlace();
        }
    }

    /// <summary>What a kick sets off, within the barrier; messages have theirs already.</summary>
    private void Kicked(Vring vring)
    {
        try
        {
            Work(vring);
        }
        catch (Exception e)
        {
            Dismiss(e);
        }
    }

    private void Work(Vring vring)
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
            Log.QueueBroken(vring.Index, why);
            vring.SignalError();
        }
    }

    private void GetVringBase()
    {
        Messages.VringState state = Read<Messages.VringState>();
        if (!TryGetVring(state.Index, out Vring vring, out string? refusal))
        {
            throw new FrontEndException(refusal!);
        }
        Drain(vring);
        vring.Stop();
        Save();
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
