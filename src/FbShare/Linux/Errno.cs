namespace FbShare.Linux;

/// <summary>The error numbers that this code tells apart (asm-generic/errno.h).</summary>
public enum Errno
{
    None = 0,
    EPERM = 1,
    ENOENT = 2,
    ESRCH = 3,
    EINTR = 4,
    ENXIO = 6,
    EBADF = 9,
    EAGAIN = 11,
    ENOMEM = 12,
    EACCES = 13,
    ENODEV = 19,
    EINVAL = 22,
    ENFILE = 23,
    EMFILE = 24,
    ENOTTY = 25,
    ENOSPC = 28,
    EPIPE = 32,
    EBADFD = 77,
    EOPNOTSUPP = 95,
    EADDRINUSE = 98,
    ECONNABORTED = 103,
    ECONNRESET = 104,
    ENOTCONN = 107,
    ECONNREFUSED = 111,
}
