using FbShare.Linux;

namespace FbShare.Rig.Bench;

/// <summary>The calling thread's CPU time (clock_gettime(CLOCK_THREAD_CPUTIME_ID)), and the processors that it may use.</summary>
internal static class ThreadClock
{
    /// <summary>Nanoseconds of CPU that the calling thread has used.</summary>
    public static unsafe long CpuTime
    {
        get
        {
            long* time = stackalloc long[2];
            // SAFETY: the kernel writes one struct timespec, two numbers.
            LinuxException.Check(LibC.clock_gettime(LibC.CLOCK_THREAD_CPUTIME_ID, time), "clock_gettime");
            return (time[0] * 1_000_000_000) + time[1];
        }
    }

    /// <summary>The processors that the calling thread, and those that it starts later, may use: one bit for each (sched_getaffinity(2)).</summary>
    public static unsafe ulong Processors
    {
        get
        {
            ulong processors;
            // SAFETY: the kernel writes the eight bytes of the local at most.
            LinuxException.Check(LibC.sched_getaffinity(0, sizeof(ulong), &processors), "sched_getaffinity");
            return processors;
        }
        set => LinuxException.Check(LibC.sched_setaffinity(0, sizeof(ulong), &value), "sched_setaffinity");
    }
}
