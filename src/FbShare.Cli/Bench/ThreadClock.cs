using FbShare.Linux;

namespace FbShare.Cli.Bench;

/// <summary>CPU time of the calling thread (clock_gettime(CLOCK_THREAD_CPUTIME_ID)), and which processors it may use.</summary>
internal static unsafe class ThreadClock
{
    /// <summary>Nanoseconds.</summary>
    public static long CpuTime
    {
        get
        {
            long* time = stackalloc long[2];
            LinuxException.Check(LibC.clock_gettime(LibC.CLOCK_THREAD_CPUTIME_ID, time), "clock_gettime");
            return (time[0] * 1_000_000_000) + time[1];
        }
    }

    /// <summary>Keeps the calling thread, and the threads it starts from now on, on one processor (sched_setaffinity(2)).</summary>
    /// <returns>What it might use before, for <see cref="Release"/>.</returns>
    public static ulong PinToOneProcessor()
    {
        ulong before;
        LinuxException.Check(LibC.sched_getaffinity(0, sizeof(ulong), &before), "sched_getaffinity");
        Release(before & (~before + 1));
        return before;
    }

    /// <summary>Lets the calling thread use these processors, a bit each.</summary>
    public static void Release(ulong processors) => LinuxException.Check(LibC.sched_setaffinity(0, sizeof(ulong), &processors), "sched_setaffinity");
}
