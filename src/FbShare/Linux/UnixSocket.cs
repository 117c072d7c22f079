using System.Runtime.InteropServices;
using System.Text;

namespace FbShare.Linux;

/// <summary>A connected AF_UNIX stream that carries bytes and descriptors (unix(7), SCM_RIGHTS).</summary>
public sealed class UnixSocket : IDisposable
{
    /// <summary>The most descriptors received with one read; the kernel closes any more (<see cref="LostDescriptors"/>).</summary>
    public const int MaxDescriptors = 16;

    /// <summary>The most descriptors that the kernel carries with one message (SCM_MAX_FD).</summary>
    internal const int KernelMostDescriptors = 253;

    /// <summary>Owns <paramref name="fd"/>, a connected stream socket.</summary>
    public UnixSocket(FileDescriptor fd) => Descriptor = fd;

    /// <summary>The socket, owned by this object.</summary>
    public FileDescriptor Descriptor { get; }

    /// <summary>The most descriptors sent or received at once here: <see cref="MaxDescriptors"/>, or more where more are expected, up to
    /// <see cref="KernelMostDescriptors"/>.</summary>
    internal int MostDescriptors { get; init; } = MaxDescriptors;

    /// <summary>Whether descriptors that came with the last <see cref="Receive"/> were lost (MSG_CTRUNC): there were too many in one message, or
    /// this process has no free descriptor.</summary>
    public bool LostDescriptors { get; private set; }

    /// <summary>Connects to a listening socket.</summary>
    /// <exception cref="LinuxException">Nobody listens there, or this user may not connect.</exception>
    /// <exception cref="PathTooLongException">The path is too long for a socket.</exception>
    public static unsafe UnixSocket Connect(string path)
    {
        var fd = new FileDescriptor(LinuxException.Check(LibC.socket(LibC.AF_UNIX, LibC.SOCK_STREAM | LibC.SOCK_CLOEXEC, 0), "socket"));
        try
        {
            LibC.SockAddrUn address = UnixListener.Address(path);
            // SAFETY: the kernel reads one sockaddr_un, the local.
            LinuxException.Check(LibC.connect(fd, &address, (uint)sizeof(LibC.SockAddrUn)), $"connect({path})");
            return new UnixSocket(fd);
        }
        catch
        {
            fd.Dispose();
            throw;
        }
    }

    /// <summary>Connects to a socket that takes messages and gives no answer (SOCK_DGRAM): each <see cref="Send"/> is one message.</summary>
    /// <param name="address">A path, or a name that begins with @ (unix(7): an abstract one).</param>
    /// <inheritdoc cref="Connect" path="/exception"/>
    internal static unsafe UnixSocket ConnectDatagrams(string address)
    {
        var fd = new FileDescriptor(LinuxException.Check(LibC.socket(LibC.AF_UNIX, LibC.SOCK_DGRAM | LibC.SOCK_CLOEXEC, 0), "socket"));
        try
        {
            LibC.SockAddrUn place = UnixListener.Address(address);
            int length = sizeof(LibC.SockAddrUn);
            if (address[0] == '@')
            {
                // Every byte of such a name counts.
                place.sun_path[0] = 0;
                length = sizeof(ushort) + Encoding.UTF8.GetByteCount(address);
            }
            // SAFETY: the kernel reads as much of the sockaddr_un as the length says, which is all of it at most.
            LinuxException.Check(LibC.connect(fd, &place, (uint)length), $"connect({address})");
            return new UnixSocket(fd);
        }
        catch
        {
            fd.Dispose();
            throw;
        }
    }

    /// <summary>Two sockets connected to each other.</summary>
    public static unsafe (UnixSocket First, UnixSocket Second) CreatePair()
    {
        int* pair = stackalloc int[2];
        // SAFETY: the kernel writes two numbers, which the stack has room for.
        LinuxException.Check(LibC.socketpair(LibC.AF_UNIX, LibC.SOCK_STREAM | LibC.SOCK_CLOEXEC, 0, pair), "socketpair");
        return (new UnixSocket(new FileDescriptor(pair[0])), new UnixSocket(new FileDescriptor(pair[1])));
    }

    /// <summary>The process and the user at the other end (SO_PEERCRED).</summary>
    public unsafe (int ProcessId, uint UserId) GetPeer()
    {
        LibC.UCred credentials;
        uint length = (uint)sizeof(LibC.UCred);
        // SAFETY: the kernel writes one struct ucred, the local, as length says.
        LinuxException.Check(LibC.getsockopt(Descriptor, LibC.SOL_SOCKET, LibC.SO_PEERCRED, &credentials, &length), "getsockopt(SO_PEERCRED)");
        return (credentials.pid, credentials.uid);
    }

    /// <summary>Sends bytes and descriptors; the descriptors stay the caller's.</summary>
    /// <param name="data">At least one byte.</param>
    /// <param name="descriptors">Go along with the first byte; stay the caller's.</param>
    /// <param name="wait">Whether to wait for room. Otherwise 0 is returned where there is none.</param>
    /// <returns>How many bytes were sent, possibly fewer than given; the descriptors go with the first byte.</returns>
    /// <exception cref="LinuxException">The peer is gone (EPIPE) or the socket failed.</exception>
    public unsafe int Send(ReadOnlySpan<byte> data, ReadOnlySpan<FileDescriptor> descriptors = default, bool wait = true)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(descriptors.Length, MostDescriptors);
        byte* control = stackalloc byte[(sizeof(LibC.CMsgHdr) + (MostDescriptors * sizeof(int)) + 7) & ~7];
        fixed (byte* bytes = data)
        {
            // SAFETY: the data is pinned during the call, and control has room for MostDescriptors, of which there are no more.
            var vector = new LibC.IoVec { iov_base = bytes, iov_len = (nuint)data.Length };
            var message = new LibC.MsgHdr { msg_iov = &vector, msg_iovlen = 1 };
            if (descriptors.Length > 0)
            {
                var header = (LibC.CMsgHdr*)control;
                *header = new LibC.CMsgHdr
                {
                    cmsg_len = (nuint)(sizeof(LibC.CMsgHdr) + (descriptors.Length * sizeof(int))),
                    cmsg_level = LibC.SOL_SOCKET,
                    cmsg_type = LibC.SCM_RIGHTS,
                };
                for (int i = 0; i < descriptors.Length; i++)
                {
                    ((int*)(header + 1))[i] = descriptors[i].Number;
                }
                message.msg_control = control;
                message.msg_controllen = (header->cmsg_len + 7) & ~(nuint)7;
            }
            while (true)
            {
                nint sent = LibC.sendmsg(Descriptor, &message, LibC.MSG_NOSIGNAL | (wait ? 0 : LibC.MSG_DONTWAIT));
                if (sent >= 0)
                {
                    return (int)sent;
                }
                var errno = (Errno)Marshal.GetLastPInvokeError();
                if (errno == Errno.EAGAIN && !wait)
                {
                    return 0;
                }
                if (errno != Errno.EINTR)
                {
                    throw new LinuxException("sendmsg", (int)errno);
                }
            }
        }
    }

    /// <summary>Sends all of <paramref name="data"/>, waiting for room.</summary>
    /// <inheritdoc cref="Send"/>
    public void SendAll(ReadOnlySpan<byte> data, ReadOnlySpan<FileDescriptor> descriptors = default)
    {
        while (data.Length > 0)
        {
            data = data[Send(data, descriptors)..];
            descriptors = default;
        }
    }

    /// <summary>Receives the bytes that have come.</summary>
    /// <param name="buffer">Where the bytes go.</param>
    /// <param name="descriptors">Descriptors that came along are appended; the caller owns them.</param>
    /// <param name="wait">Whether to wait for bytes. Otherwise null is returned where none have come.</param>
    /// <returns>How many bytes were received; 0 when the peer closed the connection; null where nothing has come.</returns>
    /// <exception cref="LinuxException">The socket failed (ECONNRESET).</exception>
    public int? Receive(Span<byte> buffer, List<FileDescriptor>? descriptors = null, bool wait = true) =>
        ReceiveWith(buffer, descriptors, wait ? 0 : LibC.MSG_DONTWAIT);

    /// <summary>Looks at the bytes that have come and leaves them where they are. Descriptors are received all the same, each time.</summary>
    /// <returns>As <see cref="Receive(Span{byte}, List{FileDescriptor}?, bool)"/> without waiting.</returns>
    /// <exception cref="LinuxException">The socket failed (ECONNRESET).</exception>
    internal int? Peek(Span<byte> buffer, List<FileDescriptor>? descriptors = null) => ReceiveWith(buffer, descriptors, LibC.MSG_DONTWAIT | LibC.MSG_PEEK);

    private unsafe int? ReceiveWith(Span<byte> buffer, List<FileDescriptor>? descriptors, int flags)
    {
        int controlSize = sizeof(LibC.CMsgHdr) + (MostDescriptors * sizeof(int));
        byte* control = stackalloc byte[controlSize];
        fixed (byte* bytes = buffer)
        {
            // SAFETY: the buffer is pinned during the call, and the kernel writes no more than the lengths given with both pointers.
            var vector = new LibC.IoVec { iov_base = bytes, iov_len = (nuint)buffer.Length };
            while (true)
            {
                var message = new LibC.MsgHdr { msg_iov = &vector, msg_iovlen = 1, msg_control = control, msg_controllen = (nuint)controlSize };
                nint received = LibC.recvmsg(Descriptor, &message, LibC.MSG_CMSG_CLOEXEC | flags);
                if (received >= 0)
                {
                    LostDescriptors = (message.msg_flags & LibC.MSG_CTRUNC) != 0;
                    TakeDescriptors(in message, descriptors);
                    return (int)received;
                }
                var errno = (Errno)Marshal.GetLastPInvokeError();
                if (errno == Errno.EAGAIN && (flags & LibC.MSG_DONTWAIT) != 0)
                {
                    return null;
                }
                if (errno != Errno.EINTR)
                {
                    throw new LinuxException("recvmsg", (int)errno);
                }
            }
        }
    }

    /// <summary>Closes the connection.</summary>
    public void Dispose() => Descriptor.Dispose();

    private static unsafe void TakeDescriptors(in LibC.MsgHdr message, List<FileDescriptor>? descriptors)
    {
        // SAFETY: [msg_control, msg_control + msg_controllen) is what the kernel filled of Receive's buffer; a header is read only if the
        // whole of it, and its data as far as cmsg_len says, are inside.
        byte* at = (byte*)message.msg_control;
        byte* end = at + message.msg_controllen;
        while (end - at >= sizeof(LibC.CMsgHdr))
        {
            var header = (LibC.CMsgHdr*)at;
            if (header->cmsg_len < (nuint)sizeof(LibC.CMsgHdr) || header->cmsg_len > (nuint)(end - at))
            {
                return;
            }
            if (header->cmsg_level == LibC.SOL_SOCKET && header->cmsg_type == LibC.SCM_RIGHTS)
            {
                int count = (int)(header->cmsg_len - (nuint)sizeof(LibC.CMsgHdr)) / sizeof(int);
                for (int i = 0; i < count; i++)
                {
                    var fd = new FileDescriptor(((int*)(header + 1))[i]);
                    if (descriptors is null)
                    {
                        fd.Dispose();
                    }
                    else
                    {
                        descriptors.Add(fd);
                    }
                }
            }
            at += (header->cmsg_len + 7) & ~(nuint)7;
        }
    }
}
