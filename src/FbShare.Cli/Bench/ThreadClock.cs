using FbShare.Linux;

namespace FbShare.Cli.Bench;

/// <summary>CPU time of the calling thread (clock_gettime(CLOCK_THREAD_CPUTIME_ID)).</summary>
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
}
