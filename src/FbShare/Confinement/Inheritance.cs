using FbShare.Linux;

namespace FbShare.Confinement;

/// <summary>What a process got from whoever started it and does not need.</summary>
internal static unsafe class Inheritance
{
    /// <summary>More descriptors than a device with all its resources, viewers and eventfds needs.</summary>
    private const ulong MostDescriptors = 65536;

    /// <summary>Stdin, stdout and stderr are everybody's.</summary>
    private const int FirstOwn = 3;

    /// <summary>Sees to it that no inherited descriptor goes on to a program that this one starts.</summary>
    public static void KeepDescriptors()
    {
        foreach ((int number, _) in ProcessDescriptors.List(Environment.ProcessId))
        {
            if (number >= FirstOwn)
            {
                var borrowed = new FileDescriptor(number);
                // One that was closed meanwhile (the list's own) needs no flag.
                _ = LibC.fcntl(borrowed, LibC.F_SETFD, LibC.FD_CLOEXEC);
                borrowed.Release();
            }
        }
    }

    /// <summary>Lowers limits for good, so that a guest cannot make this process take more of the host.</summary>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public static void LowerLimits()
    {
        Lower(LibC.RLIMIT_NOFILE, MostDescriptors);
        Lower(LibC.RLIMIT_MSGQUEUE, 0);
        Lower(LibC.RLIMIT_NICE, 0);
        Lower(LibC.RLIMIT_RTPRIO, 0);
    }

    private static void Lower(int resource, ulong most)
    {
        LibC.RLimit limit;
        // SAFETY: the kernel writes and reads one struct rlimit, the local.
        LinuxException.Check(LibC.getrlimit(resource, &limit), $"getrlimit({resource})");
        limit.rlim_max = Math.Min(limit.rlim_max, most);
        limit.rlim_cur = Math.Min(limit.rlim_cur, limit.rlim_max);
        LinuxException.Check(LibC.setrlimit(resource, &limit), $"setrlimit({resource})");
    }
}
