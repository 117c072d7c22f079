using System.Collections.Concurrent;
using System.Diagnostics;

namespace FbShare.Linux;

/// <summary>One thread's loop: waits on descriptors (epoll(7), level triggered except with <see cref="LoopEvents.Edge"/>) and runs their callbacks.</summary>
/// <remarks>A whole device runs on one loop, so nothing in it needs a lock. Only <see cref="Post"/> and
/// <see cref="Stop"/> may be called from other threads. A watch may be removed from within any callback.</remarks>
public sealed class EventLoop : IDisposable
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
    /// <param name="fd">Stays the caller's, who must remove the watch before closing it.</param>
    /// <param name="events">What to wait for; errors and hang-ups are always reported.</param>
    /// <param name="ready">Called with what happened. Must not block.</param>
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

    /// <summary>Makes <see cref="Run"/> return, also when it is called only later. Safe from any thread.</summary>
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

    /// <summary>Waits for at most <paramref name="timeoutMilliseconds"/> and runs the callbacks that are due; false if there were none.</summary>
    public unsafe bool RunOnce(int timeoutMilliseconds)
    {
        LibC.EpollEvent* events = stackalloc LibC.EpollEvent[BatchSize];
        // SAFETY: the kernel writes BatchSize events at most, which the stack has room for. The descriptor's number is enough, since the loop
        // is not disposed while it runs.
        int count = LibC.epoll_wait(_epoll.Number, events, BatchSize, timeoutMilliseconds);
        if (count < 0)
        {
            var failure = new LinuxException("epoll_wait");
            return failure.Errno == Errno.EINTR ? false : throw failure;
        }
        for (int i = 0; i < count; i++)
        {
            // A callback may have removed a later watch of this batch, and a new watch may have taken its slot: the generation in the
            // upper half shows which one the event is for.
            ulong data = events[i].data;
            if (_watches[(int)(uint)data] is { } watch && watch.Generation == (uint)(data >> 32))
            {
                watch.Ready((LoopEvents)events[i].events);
            }
        }
        return count > 0;
    }

    /// <summary>Closes the loop. Its watches are disposed before, by whoever made them.</summary>
    public void Dispose()
    {
        _epoll.Dispose();
        _wake.Dispose();
    }

    private unsafe void Control(int operation, Watch watch, LoopEvents events)
    {
        var registration = new LibC.EpollEvent { events = (uint)events, data = ((ulong)watch.Generation << 32) | (uint)watch.Slot };
        // SAFETY: the kernel reads one epoll_event, the local.
        LinuxException.Check(LibC.epoll_ctl(_epoll, operation, watch.Descriptor, &registration), "epoll_ctl");
    }

    private void RunPosted()
    {
        _wake.Drain();
        // Whatever these actions post waits for the next round, so that other descriptors get their turn in between.
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

        /// <summary>Waits for other events from now on. With none, errors and hang-ups are still reported.</summary>
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

/// <summary>The events to wait for on a descriptor, or those that happened (EPOLL*).</summary>
[Flags]
public enum LoopEvents : uint
{
    /// <summary>Nothing: the watch is idle, but hang-up and error are still told.</summary>
    None = 0,

    /// <summary>There are bytes to read, a connection to accept, or the end.</summary>
    Readable = LibC.EPOLLIN,

    /// <summary>There is room to write.</summary>
    Writable = LibC.EPOLLOUT,

    /// <summary>The descriptor has failed.</summary>
    Error = LibC.EPOLLERR,

    /// <summary>Both directions are closed.</summary>
    HangUp = LibC.EPOLLHUP,

    /// <summary>The other end has closed its direction.</summary>
    PeerClosed = LibC.EPOLLRDHUP,

    /// <summary>Only to wait with: reports each change once instead of as long as the descriptor is ready. An eventfd changes with every
    /// write, whether it was read in between or not.</summary>
    Edge = LibC.EPOLLET,
}
