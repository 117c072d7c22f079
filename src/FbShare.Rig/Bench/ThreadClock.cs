using System.Runtime.InteropServices;
using FbShare.Linux;

namespace FbShare.Rig.Bench;

/// <summary>The calling thread's CPU time (clock_gettime(CLOCK_THREAD_CPUTIME_ID)), and the processors that it may use.</summary>
internal static partial class ThreadClock
{
    private const string Library = "libc";
    private const int CLOCK_THREAD_CPUTIME_ID = 3;

    /// <summary>Nanoseconds of CPU that the calling thread has used.</summary>
    public static unsafe long CpuTime
    {
        get
        {
            long* time = stackalloc long[2];
            // SAFETY: the kernel writes one struct timespec, two numbers.
            LinuxException.Check(clock_gettime(CLOCK_THREAD_CPUTIME_ID, time), "clock_gettime");
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
            LinuxException.Check(sched_getaffinity(0, sizeof(ulong), &processors), "sched_getaffinity");
            return processors;
        }
        // SAFETY: the kernel reads the eight bytes of the local.
        set => LinuxException.Check(sched_setaffinity(0, sizeof(ulong), &value), "sched_setaffinity");
    }

    /// <summary><paramref name="time"/> is a struct timespec: seconds, then nanoseconds.</summary>
    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial int clock_gettime(int clock, long* time);

    /// <summary><paramref name="mask"/> has a bit for each processor; thread 0 is the calling one.</summary>
    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial int sched_getaffinity(int thread, nuint size, ulong* mask);

    /// <inheritdoc cref="sched_getaffinity"/>
    [LibraryImport(Library, SetLastError = true)]
    private static unsafe partial int sched_setaffinity(int thread, nuint size, ulong* mask);
}
