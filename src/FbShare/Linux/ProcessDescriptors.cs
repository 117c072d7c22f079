using System.Globalization;

namespace FbShare.Linux;

/// <summary>Descriptors of other processes.</summary>
public static class ProcessDescriptors
{
    /// <summary>A descriptor of the same open file as number <paramref name="fd"/> of process <paramref name="pid"/> (pidfd_getfd(2), Linux 5.6).</summary>
    /// <returns>The owner of the new descriptor.</returns>
    /// <exception cref="LinuxException">ESRCH: no such process; EBADF: no such descriptor; EPERM: the process may not be traced.</exception>
    public static FileDescriptor Take(int pid, int fd)
    {
        using FileDescriptor process = Open(pid);
        return new FileDescriptor((int)LinuxException.Check(
            LibC.syscall(LibC.SYS_pidfd_getfd, process.Number, fd, 0), $"pidfd_getfd({pid}, {fd})"));
    }

    /// <summary>A descriptor of a process, which becomes readable when that ends (pidfd_open(2)).</summary>
    /// <returns>The owner of the new descriptor.</returns>
    /// <exception cref="LinuxException">ESRCH: no such process.</exception>
    public static FileDescriptor Open(int pid) =>
        new((int)LinuxException.Check(LibC.syscall(LibC.SYS_pidfd_open, pid, 0, 0), $"pidfd_open({pid})"));

    /// <summary>The memfds of a process, with one descriptor of each. From Linux 5.14 on, two descriptors of one file count once.</summary>
    /// <exception cref="IOException">There is no such process.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not inspect it.</exception>
    public static IReadOnlyList<(int Fd, string Name)> ListMemFds(int pid)
    {
        const string Prefix = "/memfd:";
        var found = new List<(int, string)>();
        var files = new HashSet<string>();
        foreach ((int fd, string target) in List(pid))
        {
            if (target.StartsWith(Prefix, StringComparison.Ordinal)
                && files.Add(File.ReadLines($"/proc/{pid}/fdinfo/{fd}").FirstOrDefault(l => l.StartsWith("ino:", StringComparison.Ordinal), $"{fd}")))
            {
                found.Add((fd, target[Prefix.Length..].Replace(" (deleted)", "", StringComparison.Ordinal)));
            }
        }
        return found;
    }

    /// <summary>All descriptors of a process and what each is, as /proc shows it (<c>/dev/null</c>, <c>socket:[4711]</c>), by number.</summary>
    /// <inheritdoc cref="ListMemFds"/>
    public static IReadOnlyList<(int Fd, string Target)> List(int pid)
    {
        var found = new List<(int Fd, string Target)>();
        foreach (string link in Directory.GetFiles($"/proc/{pid}/fd"))
        {
            // Null if it was closed meanwhile.
            if (new FileInfo(link).LinkTarget is { } target)
            {
                found.Add((int.Parse(Path.GetFileName(link), CultureInfo.InvariantCulture), target));
            }
        }
        found.Sort();
        return found;
    }

    /// <summary>Whether a socket is a netlink socket (netlink(7)), such as udev's.</summary>
    /// <exception cref="LinuxException">It is not a socket.</exception>
    public static bool IsNetlink(FileDescriptor socket) => DomainOf(socket) == LibC.AF_NETLINK;

    /// <summary>Whether a socket leads to a process of this machine (unix(7)).</summary>
    /// <exception cref="LinuxException">It is not a socket.</exception>
    public static bool IsLocal(FileDescriptor socket) => DomainOf(socket) == LibC.AF_UNIX;

    private static unsafe int DomainOf(FileDescriptor socket)
    {
        int domain;
        uint length = sizeof(int);
        // SAFETY: the kernel writes the four bytes of the local at most, as length says.
        LinuxException.Check(LibC.getsockopt(socket, LibC.SOL_SOCKET, LibC.SO_DOMAIN, &domain, &length), "getsockopt(SO_DOMAIN)");
        return domain;
    }
}
