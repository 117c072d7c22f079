namespace FbShare.Linux;

/// <summary>Makes memfds: anonymous files whose descriptor can be shared (memfd_create(2)).</summary>
public static class MemFd
{
    /// <summary>Creates a memfd of <paramref name="size"/> zero bytes; unless other seals are given, it can neither shrink nor grow.</summary>
    /// <param name="name">Shown in /proc/PID/maps.</param>
    /// <param name="size">Bytes; for hugetlb a multiple of 2 MiB.</param>
    /// <param name="hugetlb">Whether to use 2 MiB huge pages.</param>
    /// <param name="seals">All seals that it has.</param>
    /// <returns>The owner of the new descriptor.</returns>
    /// <exception cref="LinuxException">There is no memory, no huge page or no descriptor free.</exception>
    public static FileDescriptor Create(string name, long size, bool hugetlb = false, MemFdSeals seals = MemFdSeals.Seal | MemFdSeals.Shrink | MemFdSeals.Grow)
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
}
