using FbShare.Keeping;
using FbShare.Linux;
using FbShare.Memory;
using FbShare.Virtio;

namespace FbShare.VhostUser;

/// <summary>What a front-end has told of one queue, and the queue while it runs.</summary>
/// <remarks>A ring is stopped, started, or started and enabled ("Ring states"). It starts with a kick descriptor and stops with
/// GET_VRING_BASE; while it runs, no message moves its place. Its requests are handled only while it is enabled; requests
/// to a disabled ring wait, because every request to a GPU has an effect.</remarks>
internal sealed class Vring : IDisposable
{
    private readonly EventLoop _loop;
    private readonly Action<Vring> _kicked;
    private readonly Action _again;
    private EventLoop.Watch? _watch;
    private EventFd? _kick;
    private EventFd? _call;
    private EventFd? _error;
    private bool _turnPosted;

    /// <param name="kicked">Runs on the loop when there may be requests.</param>
    public Vring(EventLoop loop, int index, Action<Vring> kicked)
    {
        _loop = loop;
        _kicked = kicked;
        _again = () =>
        {
            _turnPosted = false;
            kicked(this);
        };
        Index = index;
    }

    public int Index { get; }

    public uint Size { get; set; }

    public Messages.VringAddress Address { get; set; }

    /// <summary>The next entry to take: where the queue starts, and after a stop where it stopped.</summary>
    public ushort Base { get; set; }

    /// <summary>Where the queue stopped; null if it has not run since the device was made or reset.</summary>
    public ushort? StoppedAt { get; private set; }

    public bool Enabled { get; set; }

    /// <summary>The running queue; null while stopped.</summary>
    public Virtqueue? Queue { get; private set; }

    /// <summary>Interrupts the driver; kept over a stop, since a front-end need not tell it again.</summary>
    public EventFd? Call
    {
        set
        {
            EventFd? before = _call;
            _call = value;
            if (Queue is not null)
            {
                Queue.Call = value is null ? null : value.Signal;
            }
            before?.Dispose();
        }
    }

    /// <summary>Tells the front-end of a broken queue; kept over a stop, since QEMU tells it once for good.</summary>
    public EventFd? Error
    {
        set
        {
            _error?.Dispose();
            _error = value;
        }
    }

    /// <summary>Takes a kick descriptor in the place of the one before; the queue itself goes on where it is.</summary>
    /// <param name="kick">Owned from here on, also when this fails.</param>
    /// <exception cref="LinuxException">It cannot be watched; the one before stays.</exception>
    public void Kick(EventFd kick)
    {
        EventLoop.Watch watch;
        try
        {
            // Every kick is an edge of its own, so the counter need not be read back: one system call less per flip.
            watch = _loop.Add(kick.Descriptor, LoopEvents.Readable | LoopEvents.Edge, _ => _kicked(this));
        }
        catch
        {
            kick.Dispose();
            throw;
        }
        StopWatching();
        (_kick, _watch) = (kick, watch);
    }

    /// <summary>Starts on the rings that were given before.</summary>
    /// <exception cref="GuestMemoryException">The rings are not sound; the queue stays stopped.</exception>
    public void Start(GuestMemoryMap memory, VirtioFeatures features)
    {
        Queue = Create(memory, features, Address, Base);
        if (LedgerIn(memory) is { } ledger)
        {
            Queue.Track(ledger);
        }
        Queue.Call = _call is null ? null : _call.Signal;
    }

    public void Save(ref StateWriter writer)
    {
        writer.Write(Size);
        writer.Write(Address);
        writer.Write(Base);
        writer.Write(StoppedAt ?? 0);
        writer.Write((byte)(StoppedAt is null ? 0 : 1));
        writer.Write((byte)(Enabled ? 1 : 0));
        writer.Write((byte)(Queue is null ? 0 : 1));
    }

    /// <summary>Takes over what was set; the queue is not started by that.</summary>
    /// <returns>Whether the queue was running.</returns>
    public bool Resume(ref StateReader reader)
    {
        Size = reader.Read<uint>();
        Address = reader.Read<Messages.VringAddress>();
        Base = reader.Read<ushort>();
        ushort stoppedAt = reader.Read<ushort>();
        StoppedAt = reader.Read<byte>() == 0 ? null : stoppedAt;
        Enabled = reader.Read<byte>() != 0;
        return reader.Read<byte>() != 0;
    }

    /// <summary>Takes over the eventfds that a device that died has left.</summary>
    /// <exception cref="LinuxException">One of them is not an eventfd.</exception>
    public void TakeDescriptors(Keeper keeper)
    {
        ulong index = (ulong)Index;
        if (keeper.Take(DescriptorKind.Call, index) is { } call)
        {
            Call = new EventFd(call);
        }
        if (keeper.Take(DescriptorKind.QueueError, index) is { } error)
        {
            Error = new EventFd(error);
        }
        if (keeper.Take(DescriptorKind.Kick, index) is { } kick)
        {
            Kick(new EventFd(kick));
        }
    }

    /// <summary>Goes on with the queue where a device that died has stopped. The driver is interrupted once for what it may have missed.</summary>
    /// <exception cref="GuestMemoryException">The rings are not sound; the queue stays stopped.</exception>
    public void Continue(GuestMemoryMap memory, VirtioFeatures features)
    {
        Queue = Create(memory, features, Address, Base);
        if (LedgerIn(memory) is { } ledger)
        {
            Queue.Resume(ledger);
        }
        Queue.Call = _call is null ? null : _call.Signal;
        _call?.Signal();
    }

    /// <summary>Continues at the same place with rings at other addresses.</summary>
    /// <exception cref="GuestMemoryException">The rings are not sound; the queue keeps those it has.</exception>
    public void Move(GuestMemoryMap memory, VirtioFeatures features, Messages.VringAddress address)
    {
        Virtqueue before = Queue!;
        Queue = Create(memory, features, address, before.LastAvail);
        if (LedgerIn(memory) is { } ledger)
        {
            Queue.Track(ledger);
        }
        Queue.Call = _call is null ? null : _call.Signal;
        before.Call = null;
        Address = address;
    }

    /// <summary>Runs again after other work.</summary>
    public void Again()
    {
        if (!_turnPosted)
        {
            _turnPosted = true;
            _loop.Post(_again);
        }
    }

    /// <summary>Tells the front-end that the queue cannot go on.</summary>
    public void SignalError() => _error?.Signal();

    /// <summary>Stops the queue and keeps its place.</summary>
    public void Stop()
    {
        if (Queue is not null)
        {
            Queue.Call = null;
            Base = Queue.LastAvail;
            StoppedAt = Base;
            Queue = null;
        }
        StopWatching();
    }

    /// <summary>Forgets where the queue stopped: the driver that used it is gone.</summary>
    public void ForgetPlace() => StoppedAt = null;

    /// <summary>Stops the queue and forgets its place, as the device's reset does.</summary>
    public void Reset()
    {
        Stop();
        Base = 0;
        StoppedAt = null;
        Enabled = false;
    }

    public void Dispose()
    {
        Stop();
        Call = null;
        Error = null;
    }

    private RingLedger? LedgerIn(GuestMemoryMap memory) => memory.Keeper?.State.Ring(Index);

    private Virtqueue Create(GuestMemoryMap memory, VirtioFeatures features, Messages.VringAddress address, ushort place) =>
        Virtqueue.Create(memory, (int)Math.Min(Size, int.MaxValue), address.Descriptors, address.Available, address.Used, place, features);

    private void StopWatching()
    {
        _watch?.Dispose();
        _watch = null;
        _kick?.Dispose();
        _kick = null;
    }
}
