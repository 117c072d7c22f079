using System.Runtime.InteropServices;

namespace FbShare.Linux;

/// <summary>socket(2) and friends for AF_UNIX (sys/socket.h, sys/un.h).</summary>
internal static partial class LibC
{
    public const int AF_UNIX = 1;
    public const int AF_NETLINK = 16;
    public const int SOCK_STREAM = 1;
    public const int SOCK_DGRAM = 2;
    public const int SOCK_NONBLOCK = O_NONBLOCK;
    public const int SOCK_CLOEXEC = O_CLOEXEC;
    public const int SOL_SOCKET = 1;
    public const int SO_PEERCRED = 17;
    public const int SO_DOMAIN = 39;
    public const int SCM_RIGHTS = 1;
    public const int MSG_PEEK = 2;
    public const int MSG_DONTWAIT = 0x40;
    public const int MSG_NOSIGNAL = 0x4000;
    public const int MSG_CTRUNC = 8;
    public const int MSG_CMSG_CLOEXEC = 0x40000000;

    [LibraryImport(Library, SetLastError = true)]
    public static partial int socket(int domain, int type, int protocol);

    [LibraryImport(Library, SetLastError = true)]
    public static unsafe partial int socketpair(int domain, int type, int protocol, int* pair);

    [LibraryImport(Library, SetLastError = true)]
    public static unsafe partial int bind(FileDescriptor fd, SockAddrUn* address, uint length);

    [LibraryImport(Library, SetLastError = true)]
    public static unsafe partial int connect(FileDescriptor fd, SockAddrUn* address, uint length);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int listen(FileDescriptor fd, int backlog);

    [LibraryImport(Library, SetLastError = true)]
    public static unsafe partial int accept4(FileDescriptor fd, void* address, uint* length, int flags);

    [LibraryImport(Library, SetLastError = true)]
    public static unsafe partial int getsockname(FileDescriptor fd, SockAddrUn* address, uint* length);

    [LibraryImport(Library, SetLastError = true)]
    public static unsafe partial int getsockopt(FileDescriptor fd, int level, int option, void* value, uint* length);

    [LibraryImport(Library, SetLastError = true)]
    public static unsafe partial nint sendmsg(FileDescriptor fd, MsgHdr* message, int flags);

    [LibraryImport(Library, SetLastError = true)]
    public static unsafe partial nint recvmsg(FileDescriptor fd, MsgHdr* message, int flags);

    /// <summary>struct sockaddr_un, 110 bytes.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct SockAddrUn
    {
        public const int PathLength = 108;

        public ushort sun_family;
        public unsafe fixed byte sun_path[PathLength];
    }

    /// <summary>struct iovec, 16 bytes.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct IoVec
    {
        public unsafe void* iov_base;
        public nuint iov_len;
    }

    /// <summary>struct msghdr of x86-64, 56 bytes.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct MsgHdr
    {
        public unsafe void* msg_name;
        public uint msg_namelen;
        public unsafe IoVec* msg_iov;
        public nuint msg_iovlen;
        public unsafe void* msg_control;
        public nuint msg_controllen;
        public int msg_flags;
    }

    /// <summary>struct cmsghdr, 16 bytes; its data follow, the whole rounded up to 8.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct CMsgHdr
    {
        public nuint cmsg_len;
        public int cmsg_level;
        public int cmsg_type;
    }

    /// <summary>struct ucred: who is at the other end.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct UCred
    {
        public int pid;
        public uint uid;
        public uint gid;
    }
}
