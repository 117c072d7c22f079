using System.Runtime.InteropServices;

namespace FbShare.Linux;

/// <summary>What a process can give up: prctl(2), capset(2), setrlimit(2), seccomp(2), landlock(7).</summary>
internal static partial class LibC
{
    public const int PR_SET_NAME = 15;
    public const int PR_CAPBSET_READ = 23;
    public const int PR_CAPBSET_DROP = 24;
    public const int PR_SET_NO_NEW_PRIVS = 38;
    public const int PR_GET_NO_NEW_PRIVS = 39;
    public const int PR_CAP_AMBIENT = 47;
    public const int PR_CAP_AMBIENT_CLEAR_ALL = 4;
    public const int PR_SET_VMA = 0x53564D41;

    public const uint LINUX_CAPABILITY_VERSION_3 = 0x20080522;
    public const int CAP_DAC_OVERRIDE = 1;

    public const int RLIMIT_NOFILE = 7;
    public const int RLIMIT_MSGQUEUE = 12;
    public const int RLIMIT_NICE = 13;
    public const int RLIMIT_RTPRIO = 14;

    public const int MADV_DONTDUMP = 16;
    public const int PROT_EXEC = 4;
    public const int F_DUPFD = 0;
    public const int F_GETFD = 1;
    public const int FD_CLOEXEC = 1;
    public const uint AT_EMPTY_PATH = 0x1000;

    public const nint SYS_seccomp = 317;
    public const nint SYS_landlock_create_ruleset = 444;
    public const nint SYS_landlock_restrict_self = 446;

    public const uint AUDIT_ARCH_X86_64 = 0xC000003E;

    public const uint SECCOMP_SET_MODE_FILTER = 1;
    public const uint SECCOMP_GET_ACTION_AVAIL = 2;
    public const uint SECCOMP_FILTER_FLAG_TSYNC = 1;
    public const uint SECCOMP_FILTER_FLAG_LOG = 2;
    public const uint SECCOMP_FILTER_FLAG_SPEC_ALLOW = 4;
    public const uint SECCOMP_RET_KILL_PROCESS = 0x80000000;
    public const uint SECCOMP_RET_ERRNO = 0x00050000;
    public const uint SECCOMP_RET_ALLOW = 0x7FFF0000;

    public const uint LANDLOCK_CREATE_RULESET_VERSION = 1;

    [LibraryImport(Library, SetLastError = true)]
    public static partial int prctl(int option, nint first, nint second, nint third, nint fourth);

    [LibraryImport(Library, SetLastError = true)]
    public static unsafe partial int capget(CapHeader* header, CapData* data);

    [LibraryImport(Library, SetLastError = true)]
    public static unsafe partial int capset(CapHeader* header, CapData* data);

    [LibraryImport(Library, SetLastError = true)]
    public static unsafe partial int getrlimit(int resource, RLimit* limit);

    [LibraryImport(Library, SetLastError = true)]
    public static unsafe partial int setrlimit(int resource, RLimit* limit);

    [LibraryImport(Library, SetLastError = true)]
    public static unsafe partial int execv(byte* path, byte** arguments);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int setgid(uint group);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int setuid(uint user);

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int initgroups(string user, uint group);

    /// <summary>The entry stays the C library's, until the next call.</summary>
    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static unsafe partial Passwd* getpwnam(string name);

    /// <summary>struct __user_cap_header_struct (linux/capability.h).</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct CapHeader
    {
        public uint version;
        public int pid;
    }

    /// <summary>struct __user_cap_data_struct: 32 capabilities; a call has two of them.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct CapData
    {
        public uint effective;
        public uint permitted;
        public uint inheritable;
    }

    /// <summary>struct rlimit.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct RLimit
    {
        public ulong rlim_cur;
        public ulong rlim_max;
    }

    /// <summary>struct passwd (pwd.h).</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Passwd
    {
        public unsafe byte* pw_name;
        public unsafe byte* pw_passwd;
        public uint pw_uid;
        public uint pw_gid;
        public unsafe byte* pw_gecos;
        public unsafe byte* pw_dir;
        public unsafe byte* pw_shell;
    }

    /// <summary>struct sock_filter (linux/filter.h): one instruction of classic BPF.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct SockFilter
    {
        public ushort code;
        public byte jt;
        public byte jf;
        public uint k;
    }

    /// <summary>struct sock_fprog.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct SockFprog
    {
        public ushort len;
        public unsafe SockFilter* filter;
    }

    /// <summary>struct landlock_ruleset_attr (linux/landlock.h), as of ABI 6.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct LandlockRulesetAttr
    {
        public ulong handled_access_fs;
        public ulong handled_access_net;
        public ulong scoped;
    }
}
