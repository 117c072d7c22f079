using System.Runtime.InteropServices;

namespace FbShare.Linux;

/// <summary>epoll(7), eventfd(2), timerfd_create(2).</summary>
internal static partial class LibC
{
    public const uint EPOLLIN = 1;
    public const uint EPOLLOUT = 4;
    public const uint EPOLLERR = 8;
    public const uint EPOLLHUP = 16;
    public const uint EPOLLRDHUP = 0x2000;
    public const uint EPOLLET = 0x80000000;

    public const int EPOLL_CTL_ADD = 1;
    public const int EPOLL_CTL_DEL = 2;
    public const int EPOLL_CTL_MOD = 3;

    public const int CLOCK_MONOTONIC = 1;
    public const int TFD_TIMER_ABSTIME = 1;

    [LibraryImport(Library, SetLastError = true)]
    public static partial int epoll_create1(int flags);

    [LibraryImport(Library, SetLastError = true)]
    public static unsafe partial int epoll_ctl(FileDescriptor epoll, int operation, FileDescriptor fd, EpollEvent* registration);

    [LibraryImport(Library, SetLastError = true)]
    public static unsafe partial int epoll_wait(int epoll, EpollEvent* events, int capacity, int timeoutMilliseconds);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int eventfd(uint initial, int flags);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int timerfd_create(int clock, int flags);

    [LibraryImport(Library, SetLastError = true)]
    public static unsafe partial int timerfd_settime(FileDescriptor fd, int flags, ITimerSpec* value, ITimerSpec* old);

    /// <summary>struct epoll_event (sys/epoll.h), packed on x86-64: 12 bytes.</summary>
    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    public struct EpollEvent
    {
        public uint events;
        public ulong data;
    }

    /// <summary>struct itimerspec: interval, then value, each seconds and nanoseconds.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct ITimerSpec
    {
        public long interval_sec;
        public long interval_nsec;
        public long value_sec;
        public long value_nsec;
    }
}
