using System.Text;

namespace FbShare.Linux;

/// <summary>A listening AF_UNIX socket at a path, mode 0600; the path is removed on dispose.</summary>
public sealed class UnixListener : IDisposable
{
    private readonly bool _removesPath;

    /// <summary>A second descriptor of the socket, only to have one. Closed for a moment when no other descriptor is free, so that a connection can be accepted and closed. One that stayed
    /// in the queue would wake the loop again and again.</summary>
    private FileDescriptor? _spare;

    private UnixListener(FileDescriptor fd, string path, bool removesPath = true)
    {
        Descriptor = fd;
        Path = path;
        _removesPath = removesPath;
        _spare = fd.Duplicate();
    }

    /// <summary>The socket, non-blocking, owned by this object.</summary>
    public FileDescriptor Descriptor { get; }

    /// <summary>Where it listens; removed on dispose.</summary>
    public string Path { get; }

    /// <summary>Listens at <paramref name="path"/>. A socket that a dead process left there is replaced.</summary>
    /// <exception cref="PathTooLongException">The path is too long for a socket.</exception>
    /// <exception cref="LinuxException">EADDRINUSE: a running process listens there, or the path is not a socket;
    /// other errors: the socket cannot be created there.</exception>
    public static unsafe UnixListener Listen(string path)
    {
        LibC.SockAddrUn address = Address(path);
        if (IsLeftOver(path))
        {
            File.Delete(path);
        }
        var fd = new FileDescriptor(LinuxException.Check(
            LibC.socket(LibC.AF_UNIX, LibC.SOCK_STREAM | LibC.SOCK_CLOEXEC | LibC.SOCK_NONBLOCK, 0), "socket"));
        try
        {
            // The mode is set before anybody can connect: the socket does not listen yet.
            // SAFETY: the kernel reads one sockaddr_un, the local.
            LinuxException.Check(LibC.bind(fd, &address, (uint)sizeof(LibC.SockAddrUn)), $"bind({path})");
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            LinuxException.Check(LibC.listen(fd, 16), $"listen({path})");
            return new UnixListener(fd, path);
        }
        catch
        {
            fd.Dispose();
            throw;
        }
    }

    /// <summary>Takes over the socket of a process that listened there, with the connections that wait.</summary>
    /// <param name="fd">A listening socket; owned from here on, also when this fails.</param>
    /// <param name="removesPath">Whether its path is this process's to remove, and not somebody's who goes on listening there.</param>
    /// <exception cref="LinuxException">It is no socket, or no descriptor is free.</exception>
    public static UnixListener Adopt(FileDescriptor fd, bool removesPath = true)
    {
        try
        {
            fd.SetNonBlocking();
            return new UnixListener(fd, PathOf(fd), removesPath);
        }
        catch
        {
            fd.Dispose();
            throw;
        }
    }

    /// <summary>Where a listening socket is, as it was made.</summary>
    internal static unsafe string PathOf(FileDescriptor fd)
    {
        LibC.SockAddrUn address = default;
        uint length = (uint)sizeof(LibC.SockAddrUn);
        // SAFETY: the kernel writes as many bytes as length says at most, which the local has.
        LinuxException.Check(LibC.getsockname(fd, &address, &length), "getsockname");
        var path = new ReadOnlySpan<byte>(address.sun_path, LibC.SockAddrUn.PathLength);
        int end = path.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? path : path[..end]);
    }

    /// <summary>Told why a connection was closed instead of accepted: this process has as many descriptors as it may have.</summary>
    public Action<string>? TurnedAway { get; set; }

    /// <summary>Accepts a connection; null if none waits, or if it had to be closed for want of a descriptor.</summary>
    /// <exception cref="LinuxException">accept4(2) failed otherwise.</exception>
    public unsafe UnixSocket? Accept()
    {
        // SAFETY: accept4(2) writes no address where it is given none.
        int fd = LibC.accept4(Descriptor, null, null, LibC.SOCK_CLOEXEC);
        if (fd >= 0)
        {
            return new UnixSocket(new FileDescriptor(fd));
        }
        var failure = new LinuxException("accept4");
        switch (failure.Errno)
        {
            case Errno.EAGAIN or Errno.EINTR or Errno.ECONNABORTED or Errno.ECONNRESET:
                return null;
            case Errno.EMFILE or Errno.ENFILE:
                TurnAway();
                TurnedAway?.Invoke($"{failure.Message}: raise the limit on open files (ulimit -n)");
                return null;
            default:
                throw failure;
        }
    }

    /// <summary>Stops listening and removes the socket's file.</summary>
    public void Dispose()
    {
        _spare?.Dispose();
        Descriptor.Dispose();
        if (_removesPath)
        {
            PathHelper.RemoveHereOrThere(Path);
        }
    }

    internal static unsafe LibC.SockAddrUn Address(string path)
    {
        int length = Encoding.UTF8.GetByteCount(path);
        if (length is 0 or >= LibC.SockAddrUn.PathLength)
        {
            throw new PathTooLongException(
                $"socket path '{path}' has {length} bytes, and Linux allows {LibC.SockAddrUn.PathLength - 1}: choose a shorter path, for example one in /run or /tmp");
        }
        LibC.SockAddrUn address = default;
        address.sun_family = LibC.AF_UNIX;
        // SAFETY: the array lies in the local, and the path was just found to be shorter.
        Encoding.UTF8.GetBytes(path, new Span<byte>(address.sun_path, LibC.SockAddrUn.PathLength));
        return address;
    }

    private unsafe void TurnAway()
    {
        _spare?.Dispose();
        _spare = null;
        // SAFETY: as in Accept.
        new FileDescriptor(LibC.accept4(Descriptor, null, null, LibC.SOCK_CLOEXEC)).Dispose();
        try
        {
            _spare = Descriptor.Duplicate();
        }
        catch (LinuxException)
        {
            // Another thread took the descriptor. The next connection to be turned away stays in the queue until one is free.
        }
    }

    /// <summary>Whether there is a socket that nobody listens at any more.</summary>
    internal static unsafe bool IsLeftOver(string path)
    {
        // Connecting to a regular file gives ECONNREFUSED too, and a regular file is not ours to remove.
        if (FileStatus.At(path) is not { IsSocket: true })
        {
            return false;
        }
        LibC.SockAddrUn address = Address(path);
        using var fd = new FileDescriptor(LinuxException.Check(
            LibC.socket(LibC.AF_UNIX, LibC.SOCK_STREAM | LibC.SOCK_CLOEXEC | LibC.SOCK_NONBLOCK, 0), "socket"));
        // Not waiting for one that lives and has many callers: that is EAGAIN.
        // SAFETY: the kernel reads one sockaddr_un, the local.
        return LibC.connect(fd, &address, (uint)sizeof(LibC.SockAddrUn)) < 0 && new LinuxException("connect").Errno == Errno.ECONNREFUSED;
    }
}
