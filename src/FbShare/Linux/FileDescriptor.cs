using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace FbShare.Linux;

/// <summary>An owned file descriptor, closed on dispose.</summary>
public sealed class FileDescriptor : SafeHandleMinusOneIsInvalid
{
    /// <summary>Owns <paramref name="fd"/> from here on.</summary>
    public FileDescriptor(int fd)
        : base(ownsHandle: true)
    {
        SupportedPlatform.Demand();
        SetHandle(fd);
    }

    /// <summary>Only for generated marshalling code, which sets the handle afterwards.</summary>
    public FileDescriptor()
        : base(ownsHandle: true)
    {
    }

    /// <summary>The number, for use while this object is alive; ownership stays here.</summary>
    public int Number => (int)handle;

    /// <summary>Opens a file, always with O_CLOEXEC.</summary>
    /// <exception cref="LinuxException">open(2) failed.</exception>
    public static FileDescriptor Open(string path, bool writable) =>
        new(LinuxException.Check(LibC.open(path, (writable ? LibC.O_RDWR : LibC.O_RDONLY) | LibC.O_CLOEXEC, 0), $"open({path})"));

    /// <summary>Opens a file whose end is written to, whoever else writes there; it is made if it is not there, for this user alone.</summary>
    /// <exception cref="LinuxException">open(2) failed.</exception>
    public static FileDescriptor OpenToAppend(string path) =>
        new(LinuxException.Check(LibC.open(path, LibC.O_WRONLY | LibC.O_CREAT | LibC.O_APPEND | LibC.O_CLOEXEC, 0b110_000_000), $"open({path})"));

    /// <summary>A second descriptor for what somebody else owns under this number.</summary>
    /// <exception cref="LinuxException">It is not open, or no descriptor is free.</exception>
    public static FileDescriptor DuplicateOf(int number)
    {
        var borrowed = new FileDescriptor(number);
        try
        {
            return borrowed.Duplicate();
        }
        finally
        {
            borrowed.Release();
        }
    }

    /// <summary>A second descriptor of the same open file description (F_DUPFD_CLOEXEC).</summary>
    /// <exception cref="LinuxException">No descriptor is free.</exception>
    public FileDescriptor Duplicate() => new(LinuxException.Check(LibC.fcntl(this, LibC.F_DUPFD_CLOEXEC, 3), "fcntl(F_DUPFD_CLOEXEC)"));

    /// <summary>Makes a descriptor number that somebody else owns refer to this open file from now on (dup3(2)).</summary>
    /// <param name="number">Must be open, and its owner must not close it meanwhile.</param>
    /// <exception cref="LinuxException">dup3(2) failed.</exception>
    public void Replace(int number) => LinuxException.Check(LibC.dup3(this, number, LibC.O_CLOEXEC), "dup3");

    /// <summary>The same file opened a second time, for reading only, so that it may be given to another process.</summary>
    /// <exception cref="LinuxException">The file cannot be opened through /proc.</exception>
    public FileDescriptor ReopenReadOnly() => PathHelper.Current is { } helper ? helper.ReopenReadOnly(this) : Open($"/proc/self/fd/{Number}", writable: false);

    /// <summary>Which file this is: two descriptors with equal identities share their bytes.</summary>
    /// <exception cref="LinuxException">fstat(2) failed.</exception>
    public unsafe FileStatus GetStatus()
    {
        LibC.Stat stat;
        // SAFETY: the kernel fills one struct stat, the local.
        LinuxException.Check(LibC.fstat(this, &stat), "fstat");
        return new FileStatus(stat.st_dev, stat.st_ino, stat.st_size, stat.st_blksize)
        {
            Mode = stat.st_mode,
            UserId = stat.st_uid,
            Blocks = stat.st_blocks,
            ChangedAt = (stat.times[4] * 1_000_000_000) + stat.times[5],
        };
    }

    /// <summary>Whether the file consists of huge pages (hugetlbfs).</summary>
    /// <exception cref="LinuxException">fstatfs(2) failed.</exception>
    public bool IsHugeTlb() => GetFileSystem() == LibC.HUGETLBFS_MAGIC;

    /// <summary>What kind of memory the file is. Reading a file that is not memory may block or have side effects.</summary>
    /// <exception cref="LinuxException">fstatfs(2) failed.</exception>
    internal MemoryKind GetMemoryKind() => GetFileSystem() switch
    {
        LibC.DMA_BUF_MAGIC => MemoryKind.DmaBuf,
        LibC.TMPFS_MAGIC or LibC.HUGETLBFS_MAGIC when GetStatus().IsRegular => MemoryKind.SharedFile,
        _ => MemoryKind.None,
    };

    /// <summary>Copies bytes of the file (pread(2)).</summary>
    /// <returns>How many there were; fewer than asked for where the file ends.</returns>
    /// <exception cref="LinuxException">It cannot be read.</exception>
    public unsafe int Read(long offset, Span<byte> destination)
    {
        int done = 0;
        fixed (byte* bytes = destination)
        {
            while (done < destination.Length)
            {
                // SAFETY: pinned, and what is left of the destination at most.
                int count = (int)LinuxException.Check(LibC.pread(this, bytes + done, (nuint)(destination.Length - done), offset + done), "pread");
                if (count == 0)
                {
                    break;
                }
                done += count;
            }
        }
        return done;
    }

    /// <summary>The memfd's seals (F_GET_SEALS), or null where the file cannot have any.</summary>
    public MemFdSeals? GetSeals()
    {
        int seals = LibC.fcntl(this, LibC.F_GET_SEALS, 0);
        return seals < 0 ? null : (MemFdSeals)seals;
    }

    /// <summary>Adds seals to a memfd (F_ADD_SEALS).</summary>
    /// <returns>Whether it has them now: a kernel that does not know one of them adds none.</returns>
    internal bool TryAddSeals(MemFdSeals seals) => LibC.fcntl(this, LibC.F_ADD_SEALS, (nint)(int)seals) == 0;

    /// <summary>How many bytes of a pipe or a stream socket can be read at once (FIONREAD).</summary>
    /// <exception cref="LinuxException">It is neither.</exception>
    internal unsafe int GetWaitingBytes()
    {
        int count;
        // SAFETY: the kernel writes the four bytes of the local.
        LinuxException.Check(LibC.ioctl(this, LibC.FIONREAD, &count), "ioctl(FIONREAD)");
        return count;
    }

    private unsafe long GetFileSystem()
    {
        LibC.StatFs status;
        // SAFETY: the kernel fills one struct statfs, the local.
        LinuxException.Check(LibC.fstatfs(this, &status), "fstatfs");
        return status.f_type;
    }

    /// <summary>Makes reads and writes return EAGAIN instead of waiting.</summary>
    public void SetNonBlocking()
    {
        int flags = LinuxException.Check(LibC.fcntl(this, LibC.F_GETFL, 0), "fcntl(F_GETFL)");
        if ((flags & LibC.O_NONBLOCK) == 0)
        {
            LinuxException.Check(LibC.fcntl(this, LibC.F_SETFL, flags | LibC.O_NONBLOCK), "fcntl(F_SETFL)");
        }
    }

    /// <summary>Says whether a process that is started from now on has it, too, under the same number (FD_CLOEXEC). No descriptor made here is inherited.</summary>
    /// <exception cref="LinuxException">It is not open.</exception>
    public void SetInheritable(bool inheritable = true) => LinuxException.Check(LibC.fcntl(this, LibC.F_SETFD, inheritable ? 0 : LibC.FD_CLOEXEC), "fcntl(F_SETFD)");

    /// <summary>Gives the pages of a part of a memory file back to the system (fallocate(2), FALLOC_FL_PUNCH_HOLE); they read as zero until they are
    /// written again. Mappings stay as they are.</summary>
    /// <param name="offset">In bytes; a page that is freed in part is filled with zeroes there.</param>
    /// <param name="length">In bytes.</param>
    /// <exception cref="LinuxException">It is not such a file, or is sealed against writing.</exception>
    public void PunchHole(long offset, long length) =>
        LinuxException.Check(LibC.fallocate(this, LibC.FALLOC_FL_PUNCH_HOLE | LibC.FALLOC_FL_KEEP_SIZE, offset, length), "fallocate(PUNCH_HOLE)");

    /// <summary>Gives the number away: the caller now owns it and this object is closed.</summary>
    public int Release()
    {
        int fd = Number;
        SetHandleAsInvalid();
        return fd;
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => LibC.close((int)handle) == 0;
}

/// <summary>What fstat(2) says that matters here: the file's identity, its size and its block size in bytes
/// (a hugetlb file's block is its huge page).</summary>
public readonly record struct FileStatus(ulong Device, ulong Inode, long Size, long BlockSize)
{
    /// <summary>st_mode: the file's kind and permissions.</summary>
    public uint Mode { get; init; }

    /// <summary>Whether it is a regular file.</summary>
    public bool IsRegular => Kind == LibC.S_IFREG;

    /// <summary>Whether it is a folder.</summary>
    public bool IsFolder => Kind == LibC.S_IFDIR;

    /// <summary>Whether it is a socket.</summary>
    public bool IsSocket => Kind == LibC.S_IFSOCK;

    /// <summary>Whether it is a character device.</summary>
    public bool IsCharacterDevice => Kind == LibC.S_IFCHR;

    /// <summary>Whether it is a symbolic link.</summary>
    public bool IsSymbolicLink => Kind == LibC.S_IFLNK;

    /// <summary>The file's owner.</summary>
    public uint UserId { get; init; }

    /// <summary>Blocks of 512 bytes that the file has.</summary>
    public long Blocks { get; init; }

    /// <summary>st_ctime in nanoseconds of Unix time: when the file itself changed, writes through mappings aside.</summary>
    public long ChangedAt { get; init; }

    private uint Kind => Mode & LibC.S_IFMT;

    /// <summary>What is at a path, without opening it; null where nothing is.</summary>
    /// <param name="path">Where to look.</param>
    /// <param name="followsLink">Whether a symbolic link there stands for what it leads to.</param>
    public static FileStatus? At(string path, bool followsLink = true)
    {
        using var fd = new FileDescriptor(LibC.open(path, LibC.O_PATH | LibC.O_CLOEXEC | (followsLink ? 0 : LibC.O_NOFOLLOW), 0));
        return fd.IsInvalid ? null : fd.GetStatus();
    }
}

/// <summary>The kinds of files whose contents are memory.</summary>
internal enum MemoryKind
{
    /// <summary>Not memory: a pipe, a socket, a device, a file on a disk or on somebody's file system.</summary>
    None,

    /// <summary>A memfd, or another file of tmpfs or hugetlbfs.</summary>
    SharedFile,

    /// <summary>A dma-buf.</summary>
    DmaBuf,
}

/// <summary>Seals of a memfd (linux/fcntl.h).</summary>
[Flags]
public enum MemFdSeals
{
    /// <summary>No seals.</summary>
    None = 0,

    /// <summary>No further seals (F_SEAL_SEAL).</summary>
    Seal = LibC.F_SEAL_SEAL,

    /// <summary>The file cannot shrink (F_SEAL_SHRINK).</summary>
    Shrink = LibC.F_SEAL_SHRINK,

    /// <summary>The file cannot grow (F_SEAL_GROW).</summary>
    Grow = LibC.F_SEAL_GROW,

    /// <summary>The file cannot be written (F_SEAL_WRITE); udmabuf refuses it.</summary>
    Write = LibC.F_SEAL_WRITE,

    /// <summary>The file cannot be written, but through mappings that were made before (F_SEAL_FUTURE_WRITE); udmabuf refuses it from Linux 6.13 on, and kernels that were mended.</summary>
    FutureWrite = LibC.F_SEAL_FUTURE_WRITE,
}
