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
        using var process = new FileDescriptor((int)LinuxException.Check(LibC.syscall(LibC.SYS_pidfd_open, pid, 0, 0), $"pidfd_open({pid})"));
        return new FileDescriptor((int)LinuxException.Check(
            LibC.syscall(LibC.SYS_pidfd_getfd, process.Number, fd, 0), $"pidfd_getfd({pid}, {fd})"));
    }

    /// <summary>The memfds of a process, one descriptor of each (two of the same file count once where the kernel tells, Linux 5.14).</summary>
    /// <exception cref="IOException">There is no such process.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be looked into.</exception>
    public static IReadOnlyList<(int Fd, string Name)> ListMemFds(int pid)
    {
        const string Prefix = "/memfd:";
        var found = new List<(int, string)>();
        var files = new HashSet<string>();
        foreach (string link in Directory.GetFiles($"/proc/{pid}/fd"))
        {
            string? target = File.ResolveLinkTarget(link, returnFinalTarget: false)?.FullName;
            string fd = Path.GetFileName(link);
            if (target is not null && target.StartsWith(Prefix, StringComparison.Ordinal)
                && files.Add(File.ReadLines($"/proc/{pid}/fdinfo/{fd}").FirstOrDefault(l => l.StartsWith("ino:", StringComparison.Ordinal), fd)))
            {
                string name = target[Prefix.Length..].Replace(" (deleted)", "", StringComparison.Ordinal);
                found.Add((int.Parse(fd, CultureInfo.InvariantCulture), name));
            }
        }
        found.Sort();
        return found;
    }
}
