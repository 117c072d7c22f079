using FbShare.Linux;

namespace FbShare.Rig.Bench;

/// <summary>CPU time of the calling thread (clock_gettime(CLOCK_THREAD_CPUTIME_ID)), and which processors it, and the threads it starts from then on, may use.</summary>
internal static class ThreadClock
{
    /// <summary>Nanoseconds.</summary>
    public static unsafe long CpuTime
    {
        get
        {
            long* time = stackalloc long[2];
            LinuxException.Check(LibC.clock_gettime(LibC.CLOCK_THREAD_CPUTIME_ID, time), "clock_gettime");
            return (time[0] * 1_000_000_000) + time[1];
        }
    }

    /// <summary>The processors that the calling thread may use, a bit each (sched_getaffinity(2)).</summary>
    public static unsafe ulong Processors
    {
        get
        {
            ulong processors;
            LinuxException.Check(LibC.sched_getaffinity(0, sizeof(ulong), &processors), "sched_getaffinity");
            return processors;
        }
        set => LinuxException.Check(LibC.sched_setaffinity(0, sizeof(ulong), &value), "sched_setaffinity");
    }
}
