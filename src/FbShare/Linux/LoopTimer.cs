namespace FbShare.Linux;

/// <summary>A timer on an <see cref="EventLoop"/> (timerfd, CLOCK_MONOTONIC). Costs nothing while unset.</summary>
public sealed class LoopTimer : IDisposable
{
    private readonly FileDescriptor _fd = new(LinuxException.Check(
        LibC.timerfd_create(LibC.CLOCK_MONOTONIC, LibC.O_NONBLOCK | LibC.O_CLOEXEC), "timerfd_create"));
    private readonly EventLoop.Watch _watch;

    /// <summary>Runs <paramref name="elapsed"/> on the loop each time the timer fires.</summary>
    /// <exception cref="LinuxException">No descriptor is free.</exception>
    public LoopTimer(EventLoop loop, Action elapsed)
    {
        try
        {
            _watch = loop.Add(_fd, LoopEvents.Readable, _ =>
            {
                if (TakeExpirations())
                {
                    DueAt = null;
                    elapsed();
                }
            });
        }
        catch
        {
            _fd.Dispose();
            throw;
        }
    }

    /// <summary>When it will fire, in <see cref="EventLoop.Now"/>'s nanoseconds; null while unset.</summary>
    public long? DueAt { get; private set; }

    /// <summary>Fires once at <paramref name="due"/> (<see cref="EventLoop.Now"/>'s clock), immediately if that is past.</summary>
    public void SetAt(long due)
    {
        due = Math.Max(due, 1);
        DueAt = due;
        Set(due);
    }

    /// <summary>Fires once after <paramref name="delay"/>.</summary>
    public void SetAfter(TimeSpan delay) => SetAt(EventLoop.Now + (long)delay.TotalNanoseconds);

    /// <summary>It does not go off any more, until it is set again.</summary>
    public void Cancel()
    {
        DueAt = null;
        Set(0);
    }

    /// <summary>Cancels it for good.</summary>
    public void Dispose()
    {
        _watch.Dispose();
        _fd.Dispose();
    }

    /// <summary>Resets the descriptor to unreadable; false if the timer was set again before its callback ran.</summary>
    private unsafe bool TakeExpirations()
    {
        ulong expirations;
        // SAFETY: the kernel writes the eight bytes of the local at most.
        return LibC.read(_fd, &expirations, sizeof(ulong)) == sizeof(ulong);
    }

    private unsafe void Set(long due)
    {
        var spec = new LibC.ITimerSpec { value_sec = due / 1_000_000_000, value_nsec = due % 1_000_000_000 };
        // SAFETY: the kernel reads one itimerspec, the local.
        LinuxException.Check(LibC.timerfd_settime(_fd, LibC.TFD_TIMER_ABSTIME, &spec, null), "timerfd_settime");
    }
}
