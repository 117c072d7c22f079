namespace FbShare.Linux;

/// <summary>Makes memfds: anonymous files whose descriptor can be shared (memfd_create(2)).</summary>
public static class MemFd
{
    /// <summary>Creates a memfd of <paramref name="size"/> zero bytes that can neither shrink nor grow.</summary>
    /// <param name="name">Shown in /proc/PID/maps.</param>
    /// <param name="size">Bytes; for hugetlb a multiple of 2 MiB.</param>
    /// <param name="hugetlb">Take 2 MiB huge pages.</param>
    /// <returns>The owner of the new descriptor.</returns>
    /// <exception cref="LinuxException">No memory, no huge pages, or no descriptor.</exception>
    public static FileDescriptor Create(string name, long size, bool hugetlb = false) =>
        Create(name, size, MemFdSeals.Seal | MemFdSeals.Shrink | MemFdSeals.Grow, hugetlb);

    /// <summary>Creates a memfd with just the given seals.</summary>
    /// <inheritdoc cref="Create(string, long, bool)"/>
    public static FileDescriptor Create(string name, long size, MemFdSeals seals, bool hugetlb = false)
    {
        uint flags = LibC.MFD_CLOEXEC | LibC.MFD_ALLOW_SEALING | (hugetlb ? LibC.MFD_HUGETLB | LibC.MFD_HUGE_2MB : 0);
        var fd = new FileDescriptor(LinuxException.Check(LibC.memfd_create(name, flags), "memfd_create"));
        try
        {
            LinuxException.Check(LibC.ftruncate(fd, size), "ftruncate");
            LinuxException.Check(LibC.fcntl(fd, LibC.F_ADD_SEALS, (nint)(int)seals), "fcntl(F_ADD_SEALS)");
            return fd;
        }
        catch
        {
            fd.Dispose();
            throw;
        }
    }

    /// <summary>Frees the pages of a range; they read as zero until written again (FALLOC_FL_PUNCH_HOLE).</summary>
    /// <exception cref="LinuxException">fallocate(2) failed.</exception>
    public static void PunchHole(FileDescriptor fd, long offset, long length) =>
        LinuxException.Check(LibC.fallocate(fd, LibC.FALLOC_FL_PUNCH_HOLE | LibC.FALLOC_FL_KEEP_SIZE, offset, length), "fallocate(PUNCH_HOLE)");
}
