using System.Collections.Concurrent;
using System.Diagnostics;

namespace FbShare.Linux;

/// <summary>One thread's loop: waits on descriptors (epoll(7), level triggered but for <see cref="LoopEvents.Edge"/>) and runs what each brought.</summary>
/// <remarks>All of a device runs on one loop, so nothing in it needs a lock. Only <see cref="Post"/> and
/// <see cref="Stop"/> may be called from other threads. A watch may be removed from within any callback.</remarks>
public sealed unsafe class EventLoop : IDisposable
{
    private const int BatchSize = 32;

    private readonly FileDescriptor _epoll = new(LinuxException.Check(LibC.epoll_create1(LibC.O_CLOEXEC), "epoll_create1"));
    private readonly EventFd _wake;
    private readonly ConcurrentQueue<Action> _posted = new();
    private readonly List<Watch?> _watches = [];
    private uint _generations;
    private volatile bool _stopping;

    /// <exception cref="LinuxException">No descriptor is free.</exception>
    public EventLoop()
    {
        try
        {
            _wake = new EventFd();
            Add(_wake.Descriptor, LoopEvents.Readable, _ => RunPosted());
        }
        catch
        {
            _wake?.Dispose();
            _epoll.Dispose();
            throw;
        }
    }

    /// <summary>Monotonic time in nanoseconds: the clock of every timer here.</summary>
    public static long Now => Stopwatch.Frequency == 1_000_000_000
        ? Stopwatch.GetTimestamp()
        : (long)(Stopwatch.GetTimestamp() * (1e9 / Stopwatch.Frequency));

    /// <summary>Runs <paramref name="ready"/> on the loop whenever <paramref name="fd"/> is ready.</summary>
    /// <param name="fd">Stays the caller's, who removes the watch before closing it.</param>
    /// <param name="events">What to wait for; errors and hang-ups are always told.</param>
    /// <param name="ready">Told what happened. Must not block.</param>
    /// <exception cref="LinuxException">epoll_ctl(2) refused.</exception>
    public Watch Add(FileDescriptor fd, LoopEvents events, Action<LoopEvents> ready)
    {
        int slot = _watches.IndexOf(null);
        if (slot < 0)
        {
            slot = _watches.Count;
            _watches.Add(null);
        }
        var watch = new Watch(this, fd, slot, ready);
        Control(LibC.EPOLL_CTL_ADD, watch, events);
        _watches[slot] = watch;
        return watch;
    }

    /// <summary>Runs <paramref name="action"/> on the loop's thread soon. Safe from any thread.</summary>
    public void Post(Action action)
    {
        _posted.Enqueue(action);
        _wake.Signal();
    }

    /// <summary>Lets <see cref="Run"/> return. Safe from any thread, and remembered if it comes first.</summary>
    public void Stop()
    {
        _stopping = true;
        _wake.Signal();
    }

    /// <summary>Runs until <see cref="Stop"/>.</summary>
    public void Run()
    {
        while (!_stopping)
        {
            RunOnce(Timeout.Infinite);
        }
    }

    /// <summary>Waits for at most <paramref name="timeoutMilliseconds"/> and runs what came; false if nothing did.</summary>
    public bool RunOnce(int timeoutMilliseconds)
    {
        LibC.EpollEvent* events = stackalloc LibC.EpollEvent[BatchSize];
        int count = LibC.epoll_wait(_epoll, events, BatchSize, timeoutMilliseconds);
        if (count < 0)
        {
            var failure = new LinuxException("epoll_wait");
            return failure.Errno == Errno.EINTR ? false : throw failure;
        }
        for (int i = 0; i < count; i++)
        {
            // A callback may have removed a later watch of this batch, and a new one may have taken its slot:
            // the generation in the upper half tells.
            ulong data = events[i].data;
            if (_watches[(int)(uint)data] is { } watch && watch.Generation == (uint)(data >> 32))
            {
                watch.Ready((LoopEvents)events[i].events);
            }
        }
        return count > 0;
    }

    public void Dispose()
    {
        _epoll.Dispose();
        _wake.Dispose();
    }

    private void Control(int operation, Watch watch, LoopEvents events)
    {
        var registration = new LibC.EpollEvent { events = (uint)events, data = ((ulong)watch.Generation << 32) | (uint)watch.Slot };
        LinuxException.Check(LibC.epoll_ctl(_epoll, operation, watch.Descriptor, &registration), "epoll_ctl");
    }

    private void RunPosted()
    {
        _wake.Drain();
        // What these post in their turn has signalled again and waits for the next round: others get theirs in between.
        for (int left = _posted.Count; left > 0 && _posted.TryDequeue(out Action? action); left--)
        {
            action();
        }
    }

    /// <summary>One watched descriptor.</summary>
    public sealed class Watch : IDisposable
    {
        private readonly EventLoop _loop;
        private bool _removed;

        internal Watch(EventLoop loop, FileDescriptor fd, int slot, Action<LoopEvents> ready)
        {
            _loop = loop;
            Descriptor = fd;
            Slot = slot;
            Ready = ready;
            Generation = ++loop._generations;
        }

        internal FileDescriptor Descriptor { get; }

        internal int Slot { get; }

        internal uint Generation { get; }

        internal Action<LoopEvents> Ready { get; }

        /// <summary>Waits for other events from now on; none still tells errors and hang-ups.</summary>
        public void Change(LoopEvents events) => _loop.Control(LibC.EPOLL_CTL_MOD, this, events);

        /// <summary>Ends the watch; the callback is not run again.</summary>
        public void Dispose()
        {
            if (_removed)
            {
                return;
            }
            _removed = true;
            _loop._watches[Slot] = null;
            if (!_loop._epoll.IsClosed && !Descriptor.IsClosed)
            {
                _loop.Control(LibC.EPOLL_CTL_DEL, this, LoopEvents.None);
            }
        }
    }
}

/// <summary>What a descriptor is waited for, or what happened on it (EPOLL*).</summary>
[Flags]
public enum LoopEvents : uint
{
    None = 0,
    Readable = LibC.EPOLLIN,
    Writable = LibC.EPOLLOUT,
    Error = LibC.EPOLLERR,
    HangUp = LibC.EPOLLHUP,
    PeerClosed = LibC.EPOLLRDHUP,

    /// <summary>To be waited for only: told once per change, not for as long as the descriptor is ready. An eventfd changes at
    /// every write, whether it was read in between or not.</summary>
    Edge = LibC.EPOLLET,
}
