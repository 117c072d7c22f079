namespace FbShare.Linux;

/// <summary>A counter that can be waited for (eventfd(2)). Nothing here waits, whatever another holder does to the descriptor.</summary>
public sealed unsafe class EventFd : IDisposable
{
    private const int EFD_NONBLOCK = LibC.O_NONBLOCK;
    private const int EFD_CLOEXEC = LibC.O_CLOEXEC;

    /// <summary>Another process has it too.</summary>
    private readonly bool _shared;

    /// <summary>Makes a new counter at zero.</summary>
    /// <exception cref="LinuxException">No descriptor is free.</exception>
    public EventFd() => Descriptor = new FileDescriptor(LinuxException.Check(LibC.eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "eventfd"));

    /// <summary>Takes over an eventfd that another process made.</summary>
    /// <param name="fd">Owned from here on, also when this fails.</param>
    /// <exception cref="LinuxException">It is something else: writing to a pipe or a socket could wait, and an edge on one means
    /// something else.</exception>
    public EventFd(FileDescriptor fd)
    {
        try
        {
            Descriptor = fd;
            _shared = true;
            string? target = new FileInfo($"/proc/self/fd/{fd.Number}").LinkTarget;
            if (target != "anon_inode:[eventfd]")
            {
                throw new LinuxException($"an eventfd was expected, not {target ?? "a closed descriptor"}", (int)Errno.EINVAL);
            }
            fd.SetNonBlocking();
        }
        catch
        {
            fd.Dispose();
            throw;
        }
    }

    /// <summary>The descriptor, owned by this object.</summary>
    public FileDescriptor Descriptor { get; }

    /// <summary>Adds one. A full counter already wakes its reader, so it is left as it is.</summary>
    public void Signal()
    {
        // O_NONBLOCK belongs to the open file that all its holders share, so another one can take it away; and pwritev2(2) with
        // RWF_NOWAIT is not for eventfds. So room is asked for first: only who fills the counter in just this moment gains a wait.
        if (_shared && !HasRoom())
        {
            return;
        }
        ulong one = 1;
        _ = LibC.write(Descriptor, &one, sizeof(ulong));
    }

    /// <summary>Takes the count and leaves zero; zero if it was. Only for a counter made here.</summary>
    public ulong Drain()
    {
        ulong count;
        return LibC.read(Descriptor, &count, sizeof(ulong)) == sizeof(ulong) ? count : 0;
    }

    public void Dispose() => Descriptor.Dispose();

    private bool HasRoom()
    {
        var poll = new LibC.PollFd { fd = Descriptor.Number, events = LibC.POLLOUT };
        return LibC.poll(&poll, 1, 0) != 0;
    }
}
