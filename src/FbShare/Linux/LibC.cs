using System.Runtime.InteropServices;

namespace FbShare.Linux;

/// <summary>The C library's calls, by their own names; one file per group of functions.</summary>
/// <remarks>Raw: the pointers are the caller's, who keeps what they point to in place during the call. Callers turn a failure into a <see cref="LinuxException"/> that names the call.
/// 64-bit Linux only (off_t, size_t and ssize_t are 8 bytes).</remarks>
internal static partial class LibC
{
    private const string Library = "libc";

    public const int O_RDONLY = 0;
    public const int O_WRONLY = 1;
    public const int O_RDWR = 2;
    public const int O_CREAT = 0x40;
    public const int O_APPEND = 0x400;
    public const int O_NONBLOCK = 0x800;
    public const int O_NOFOLLOW = 0x20000;
    public const int O_CLOEXEC = 0x80000;
    public const int O_PATH = 0x200000;

    public const long HUGETLBFS_MAGIC = 0x958458F6;
    public const long TMPFS_MAGIC = 0x01021994;
    public const long DMA_BUF_MAGIC = 0x444D4142;

    public const uint S_IFMT = 0xF000;
    public const uint S_IFSOCK = 0xC000;
    public const uint S_IFREG = 0x8000;
    public const uint S_IFCHR = 0x2000;
    public const uint S_IFLNK = 0xA000;
    public const uint S_IFDIR = 0x4000;
    public const uint S_ISVTX = 0x200;
    public const uint S_IRWXGO = 0x3F;
    public const uint S_IWOTH = 2;

    public const int F_SETFD = 2;
    public const int F_GETFL = 3;
    public const int F_SETFL = 4;
    public const int F_DUPFD_CLOEXEC = 1030;
    public const int F_ADD_SEALS = 1033;
    public const int F_GET_SEALS = 1034;

    public const int SEEK_END = 2;

    public const int LOCK_EX = 2;

    public const nuint TCGETS = 0x5401;
    public const nuint TIOCGWINSZ = 0x5413;
    public const nuint FIONREAD = 0x541B;
    public const uint SPLICE_F_NONBLOCK = 2;

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int open(string path, int flags, uint mode);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int close(int fd);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int dup3(FileDescriptor fd, int number, int flags);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int fcntl(FileDescriptor fd, int command, nint argument);

    [LibraryImport(Library, SetLastError = true)]
    public static unsafe partial int ioctl(FileDescriptor fd, nuint request, void* argument);

    [LibraryImport(Library, SetLastError = true)]
    public static unsafe partial nint read(FileDescriptor fd, void* buffer, nuint count);

    [LibraryImport(Library, SetLastError = true)]
    public static unsafe partial nint write(FileDescriptor fd, void* buffer, nuint count);

    [LibraryImport(Library, SetLastError = true)]
    public static unsafe partial int pipe2(int* pair, int flags);

    [LibraryImport(Library, SetLastError = true)]
    public static unsafe partial nint splice(FileDescriptor from, long* fromOffset, FileDescriptor to, long* toOffset, nuint count, uint flags);

    [LibraryImport(Library, SetLastError = true)]
    public static partial long lseek(FileDescriptor fd, long offset, int whence);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int ftruncate(FileDescriptor fd, long length);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int fallocate(FileDescriptor fd, int mode, long offset, long length);

    [LibraryImport(Library, SetLastError = true)]
    public static unsafe partial int fstat(FileDescriptor fd, Stat* stat);

    [LibraryImport(Library, SetLastError = true)]
    public static unsafe partial int fstatfs(FileDescriptor fd, StatFs* status);

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int rmdir(string path);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int flock(FileDescriptor fd, int operation);

    [LibraryImport(Library)]
    public static partial uint geteuid();

    [LibraryImport(Library)]
    private static partial nint strerror(int errno);

    /// <summary>The C library's sentence for <paramref name="errno"/>.</summary>
    public static string DescribeErrno(int errno) => Marshal.PtrToStringUTF8(strerror(errno)) ?? "unknown error";

    /// <summary>struct stat of x86-64 (asm/stat.h), 144 bytes.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Stat
    {
        public ulong st_dev;
        public ulong st_ino;
        public ulong st_nlink;
        public uint st_mode;
        public uint st_uid;
        public uint st_gid;
        public uint pad0;
        public ulong st_rdev;
        public long st_size;
        public long st_blksize;
        public long st_blocks;
        public unsafe fixed long times[6];
        public unsafe fixed long reserved[3];
    }

    /// <summary>struct statfs of x86-64 (asm/statfs.h), 120 bytes.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct StatFs
    {
        public long f_type;
        public unsafe fixed long rest[14];
    }
}
