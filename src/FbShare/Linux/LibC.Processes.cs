using System.Runtime.InteropServices;

namespace FbShare.Linux;

/// <summary>kill(2); pidfd_open(2) and pidfd_getfd(2), which glibc has names for only since 2.36.</summary>
internal static partial class LibC
{
    public const int SIGKILL = 9;
    public const int SIGTERM = 15;

    public const nint SYS_pidfd_open = 434;
    public const nint SYS_pidfd_getfd = 438;

    /// <summary><paramref name="mask"/> has a bit for each processor; thread 0 is the calling one.</summary>
    [LibraryImport(Library, SetLastError = true)]
    public static unsafe partial int sched_getaffinity(int thread, nuint size, ulong* mask);

    /// <inheritdoc cref="sched_getaffinity"/>
    [LibraryImport(Library, SetLastError = true)]
    public static unsafe partial int sched_setaffinity(int thread, nuint size, ulong* mask);

    [LibraryImport(Library)]
    public static partial int getppid();

    [LibraryImport(Library, SetLastError = true)]
    public static partial int kill(int process, int signal);

    [LibraryImport(Library, SetLastError = true)]
    public static partial nint syscall(nint number, nint first, nint second, nint third);

    /// <inheritdoc cref="syscall(nint, nint, nint, nint)"/>
    [LibraryImport(Library, SetLastError = true)]
    public static partial nint syscall(nint number, nint first, nint second, nint third, nint fourth, nint fifth, nint sixth);
}
