namespace FbShare.Linux;

/// <summary>A counter that can be waited for (eventfd(2)). Nothing here blocks, whatever another holder does to the descriptor.</summary>
public sealed class EventFd : IDisposable
{
    private const int EFD_NONBLOCK = LibC.O_NONBLOCK;
    private const int EFD_CLOEXEC = LibC.O_CLOEXEC;

    /// <summary>Whether another process has it too.</summary>
    private readonly bool _shared;

    /// <summary>When O_NONBLOCK was last looked at, in <see cref="Environment.TickCount64"/>'s milliseconds.</summary>
    private long _lookedAt;

    /// <summary>Makes a new counter at zero.</summary>
    /// <exception cref="LinuxException">No descriptor is free.</exception>
    public EventFd() => Descriptor = new FileDescriptor(LinuxException.Check(LibC.eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "eventfd"));

    /// <summary>Takes over an eventfd that another process made.</summary>
    /// <param name="fd">Owned from here on, also when this fails.</param>
    /// <exception cref="LinuxException">The descriptor is not an eventfd. Writing to a pipe or a socket could block, and polling one with
    /// edge triggering means something else.</exception>
    public EventFd(FileDescriptor fd)
    {
        try
        {
            Descriptor = fd;
            _shared = true;
            string? target = PathHelper.Current is { } helper ? helper.Describe(fd) : new FileInfo($"/proc/self/fd/{fd.Number}").LinkTarget;
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

    /// <summary>Adds one. A full counter wakes its reader already, so it is left unchanged.</summary>
    public unsafe void Signal()
    {
        if (_shared && Environment.TickCount64 is long now && now != _lookedAt)
        {
            // O_NONBLOCK belongs to the open file that all holders share, so another holder can clear it, and pwritev2(2) with RWF_NOWAIT
            // does not work on eventfds. Looked at once a millisecond at most, because it costs as much as the signal. A holder that clears
            // it and fills the counter meanwhile can still block this one, as it could between two calls.
            _lookedAt = now;
            Descriptor.SetNonBlocking();
        }
        ulong one = 1;
        // SAFETY: the kernel reads the eight bytes of the local.
        _ = LibC.write(Descriptor, &one, sizeof(ulong));
    }

    /// <summary>Reads the count and resets it to zero; returns zero if it was zero. Only for a counter made by this process.</summary>
    public unsafe ulong Drain()
    {
        ulong count;
        // SAFETY: the kernel writes the eight bytes of the local at most.
        return LibC.read(Descriptor, &count, sizeof(ulong)) == sizeof(ulong) ? count : 0;
    }

    /// <summary>Closes it.</summary>
    public void Dispose() => Descriptor.Dispose();
}
