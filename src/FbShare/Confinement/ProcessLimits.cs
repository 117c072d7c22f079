using FbShare.Linux;

namespace FbShare.Confinement;

/// <summary>Limits of what a process may take of the host (getrlimit(2)).</summary>
internal static class ProcessLimits
{
    /// <summary>More descriptors than a device with all its resources, viewers and eventfds needs.</summary>
    private const ulong MostDescriptors = 65536;

    /// <summary>Lowers them for good, so that a guest cannot make this process take more.</summary>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public static void Lower()
    {
        Lower(LibC.RLIMIT_NOFILE, MostDescriptors);
        Lower(LibC.RLIMIT_MSGQUEUE, 0);
        Lower(LibC.RLIMIT_NICE, 0);
        Lower(LibC.RLIMIT_RTPRIO, 0);
    }

    private static unsafe void Lower(int resource, ulong most)
    {
        LibC.RLimit limit;
        // SAFETY: the kernel writes and reads one struct rlimit, the local.
        LinuxException.Check(LibC.getrlimit(resource, &limit), $"getrlimit({resource})");
        limit.rlim_max = Math.Min(limit.rlim_max, most);
        limit.rlim_cur = Math.Min(limit.rlim_cur, limit.rlim_max);
        LinuxException.Check(LibC.setrlimit(resource, &limit), $"setrlimit({resource})");
    }
}
