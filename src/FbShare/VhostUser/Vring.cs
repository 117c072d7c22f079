using FbShare.Linux;
using FbShare.Memory;
using FbShare.Virtio;

namespace FbShare.VhostUser;

/// <summary>What a front-end has told of one queue, and the queue while it runs.</summary>
internal sealed class Vring(int index) : IDisposable
{
    private EventLoop.Watch? _watch;
    private EventFd? _kick;
    private EventFd? _call;
    private EventFd? _error;

    public int Index { get; } = index;

    public uint Size { get; set; }

    public Messages.VringAddress Address { get; set; }

    /// <summary>The next entry to take: where the queue starts, and after a stop where it stopped.</summary>
    public ushort Base { get; set; }

    public bool Enabled { get; set; }

    /// <summary>The running queue; null while stopped.</summary>
    public Virtqueue? Queue { get; private set; }

    public EventFd? Call
    {
        set
        {
            EventFd? before = _call;
            _call = value;
            if (Queue is not null)
            {
                Queue.Call = value;
            }
            before?.Dispose();
        }
    }

    public EventFd? Error
    {
        set
        {
            _error?.Dispose();
            _error = value;
        }
    }

    /// <summary>Starts to run on the rings given before.</summary>
    /// <param name="kick">Taken over.</param>
    /// <exception cref="GuestMemoryException">The rings are not sound.</exception>
    public void Start(EventLoop loop, GuestMemoryMap memory, VirtioFeatures features, EventFd kick, Action<Vring> kicked)
    {
        StopWatching();
        _kick = kick;
        if (Queue is { } running)
        {
            // Set up anew without having been stopped: it goes on where it is.
            Base = running.LastAvail;
            running.Call = null;
        }
        Queue = Virtqueue.Create(memory, (int)Math.Min(Size, int.MaxValue), Address.Descriptors, Address.Available, Address.Used, Base, features);
        Queue.Call = _call;
        // Every kick is an edge of its own, so the counter need not be read back: one system call less per flip.
        _watch = loop.Add(kick.Descriptor, LoopEvents.Readable | LoopEvents.Edge, _ => kicked(this));
    }

    /// <summary>Kicks itself, to be run again after other work.</summary>
    public void Again() => _kick?.Signal();

    /// <summary>Tells the front-end that the queue cannot go on.</summary>
    public void SignalError() => _error?.Signal();

    /// <summary>Stops the queue and keeps its place.</summary>
    public void Stop()
    {
        if (Queue is not null)
        {
            Base = Queue.LastAvail;
            Queue.Call = null;
            Queue = null;
        }
        StopWatching();
        Call = null;
        Error = null;
    }

    public void Dispose() => Stop();

    private void StopWatching()
    {
        _watch?.Dispose();
        _watch = null;
        _kick?.Dispose();
        _kick = null;
    }
}
