namespace FbShare.Linux;

/// <summary>A counter that can be waited for (eventfd(2)), non-blocking.</summary>
public sealed unsafe class EventFd : IDisposable
{
    private const int EFD_NONBLOCK = LibC.O_NONBLOCK;
    private const int EFD_CLOEXEC = LibC.O_CLOEXEC;

    /// <summary>Makes a new counter at zero.</summary>
    /// <exception cref="LinuxException">No descriptor is free.</exception>
    public EventFd()
        : this(new FileDescriptor(LinuxException.Check(LibC.eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "eventfd")))
    {
    }

    /// <summary>Takes over an eventfd that another process made.</summary>
    public EventFd(FileDescriptor fd)
    {
        Descriptor = fd;
        fd.SetNonBlocking();
    }

    /// <summary>The descriptor, owned by this object.</summary>
    public FileDescriptor Descriptor { get; }

    /// <summary>Adds one. A full counter already wakes its reader, so EAGAIN is success.</summary>
    public void Signal()
    {
        ulong one = 1;
        _ = LibC.write(Descriptor, &one, sizeof(ulong));
    }

    /// <summary>Takes the count and leaves zero; zero if it was.</summary>
    public ulong Drain()
    {
        ulong count;
        return LibC.read(Descriptor, &count, sizeof(ulong)) == sizeof(ulong) ? count : 0;
    }

    public void Dispose() => Descriptor.Dispose();
}
