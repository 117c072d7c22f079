namespace FbShare.Linux;

/// <summary>The error numbers that this code tells apart (asm-generic/errno.h).</summary>
public enum Errno
{
    /// <summary>No error.</summary>
    None = 0,

    /// <summary>Not permitted.</summary>
    EPERM = 1,

    /// <summary>No such file or folder.</summary>
    ENOENT = 2,

    /// <summary>No such process.</summary>
    ESRCH = 3,

    /// <summary>Interrupted by a signal.</summary>
    EINTR = 4,

    /// <summary>No such device or address.</summary>
    ENXIO = 6,

    /// <summary>Not an open descriptor.</summary>
    EBADF = 9,

    /// <summary>It would have to wait.</summary>
    EAGAIN = 11,

    /// <summary>No memory, or a limit on it.</summary>
    ENOMEM = 12,

    /// <summary>Permission denied.</summary>
    EACCES = 13,

    /// <summary>No such device.</summary>
    ENODEV = 19,

    /// <summary>Invalid argument.</summary>
    EINVAL = 22,

    /// <summary>Too many open files in the system.</summary>
    ENFILE = 23,

    /// <summary>Too many open files in this process.</summary>
    EMFILE = 24,

    /// <summary>The descriptor does not know this ioctl.</summary>
    ENOTTY = 25,

    /// <summary>No space left.</summary>
    ENOSPC = 28,

    /// <summary>The other end is closed.</summary>
    EPIPE = 32,

    /// <summary>The kernel does not know this call.</summary>
    ENOSYS = 38,

    /// <summary>The descriptor is of the wrong kind; udmabuf says so of what is not a memfd.</summary>
    EBADFD = 77,

    /// <summary>Not supported.</summary>
    EOPNOTSUPP = 95,

    /// <summary>The address is taken.</summary>
    EADDRINUSE = 98,

    /// <summary>The connection was given up before it was accepted.</summary>
    ECONNABORTED = 103,

    /// <summary>The other end broke the connection.</summary>
    ECONNRESET = 104,

    /// <summary>Not connected.</summary>
    ENOTCONN = 107,

    /// <summary>Nobody listens there.</summary>
    ECONNREFUSED = 111,
}
