using FbShare.Linux;
using static FbShare.Confinement.SystemCall;

namespace FbShare.Confinement;

/// <summary>Which system calls a process may make, and the filter that says so to the kernel.</summary>
/// <remarks>What is refused fails, it does not end the process: .NET and the C library look for files that they can do without (memory limits of a
/// control group, for example), and the death of a device costs a machine. An attacker in the device has no more of a call that fails than of
/// one that ends it.</remarks>
internal sealed class SystemCallPolicy
{
    /// <summary>Offsets in struct seccomp_data (linux/seccomp.h).</summary>
    private const uint NumberOffset = 0, ArchitectureOffset = 4, ArgumentsOffset = 16;

    /// <summary>The bit of x32's numbers; x86-64's own are below.</summary>
    private const uint X32 = 0x40000000;

    /// <summary>The first number that was free when this was written.</summary>
    private const int FirstUnknown = 470;

    private const uint CloneThread = 0x00010000;

    /// <summary>CLONE_NEWTIME, NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET.</summary>
    private const uint CloneNamespaces = 0x7E020080;

    private static readonly SystemCall[] Harmless =
    [
        // Descriptors that are there already.
        read, write, close, fstat, poll, lseek, pread64, pwrite64, readv, writev, preadv, pwritev, preadv2, pwritev2, select, pselect6, ppoll, dup, dup2, dup3,
        close_range, flock, fsync, fdatasync, ftruncate, fallocate, fstatfs, fadvise64, splice, pipe2, memfd_create, eventfd, eventfd2, epoll_create1, epoll_ctl,
        epoll_wait, epoll_pwait, epoll_pwait2, timerfd_create, timerfd_settime, timerfd_gettime,
        // Sockets that are connected or listen already.
        accept, accept4, sendto, recvfrom, sendmsg, recvmsg, shutdown, getsockname, getpeername, socketpair, getsockopt,
        // Memory; what can become code is below.
        munmap, brk, mremap, msync, mincore, madvise, mlock, munlock, membarrier, mbind, get_mempolicy,
        // Threads, signals within the process, time.
        futex, futex_waitv, set_robust_list, get_robust_list, rseq, gettid, getpid, getppid, getpgrp, sched_yield, sched_getaffinity, getcpu, exit, exit_group,
        rt_sigaction, rt_sigprocmask, rt_sigreturn, rt_sigpending, rt_sigtimedwait, rt_sigsuspend, sigaltstack, restart_syscall, wait4, waitid,
        nanosleep, clock_gettime, clock_getres, clock_nanosleep, gettimeofday, time, times,
        // What the process is.
        uname, getuid, geteuid, getgid, getegid, getrlimit, getrusage, sysinfo, getrandom, getcwd,
    ];

    /// <summary>Refused as a folder without permission would, which every caller expects.</summary>
    private static readonly SystemCall[] Paths =
    [
        open, openat, openat2, creat, stat, lstat, newfstatat, statx, access, faccessat, faccessat2, readlink, readlinkat, statfs, getdents, getdents64, rename, renameat, renameat2,
        unlink, unlinkat, mkdir, mkdirat, rmdir, link, linkat, symlink, symlinkat, mknod, mknodat, chmod, fchmod, fchmodat, chown, lchown, fchownat, truncate, chdir,
    ];

    /// <summary>What a process that starts others has no business with. Its children have the same filter, whatever program they are, so
    /// nothing is named here that an honest program needs.</summary>
    private static readonly SystemCall[] Harmful =
    [
        ptrace, process_vm_readv, process_vm_writev, process_madvise, pidfd_getfd, perf_event_open, bpf, userfaultfd, io_uring_setup, io_uring_enter, io_uring_register,
        add_key, request_key, keyctl, mount, umount2, move_mount, open_tree, fsopen, fsmount, mount_setattr, pivot_root, chroot, swapon, reboot, init_module, finit_module,
        delete_module, kexec_load, kexec_file_load, setns, unshare, open_by_handle_at, name_to_handle_at,
    ];

    private readonly SortedDictionary<uint, SystemCallRule> _rules = [];
    private readonly SystemCallRule _otherwise;

    private SystemCallPolicy(SystemCallRule otherwise) => _otherwise = otherwise;

    /// <summary>How much is allowed, for people.</summary>
    public string Summary => _otherwise.Errno == 0 ? $"all but {_rules.Count} calls" : $"{_rules.Values.Count(rule => rule.Errno == 0 || rule.Condition is not null)} calls";

    /// <summary>A device that runs: memory, threads, time, and descriptors that it has or is given. No path, no new socket, no other process.</summary>
    /// <param name="process">Its own process id.</param>
    public static SystemCallPolicy OfDevice(int process)
    {
        var policy = new SystemCallPolicy(new SystemCallRule((int)Errno.EPERM));
        policy.Add(Harmless, SystemCallRule.Allow);
        policy.Add(Paths, new SystemCallRule((int)Errno.EACCES));
        policy.Add([newfstatat], SystemCallRule.AllowIf(ArgumentCondition.OneOf(3, LibC.AT_EMPTY_PATH), Errno.EACCES));
        policy.Add([socket, connect, bind, listen], new SystemCallRule((int)Errno.EACCES));
        policy.Add([setsockopt], SystemCallRule.AllowIf(ArgumentCondition.OneOf(1, LibC.SOL_SOCKET), Errno.EPERM));
        policy.Add([ioctl], SystemCallRule.AllowIf(ArgumentCondition.OneOf(1, KnownRequests), Errno.EPERM));
        policy.Add([fcntl], SystemCallRule.AllowIf(ArgumentCondition.OneOf(1, LibC.F_DUPFD, LibC.F_GETFD, LibC.F_SETFD, LibC.F_GETFL, LibC.F_SETFL, LibC.F_DUPFD_CLOEXEC, LibC.F_ADD_SEALS, LibC.F_GET_SEALS), Errno.EPERM));
        // No memory becomes code: everything is compiled and loaded already.
        policy.Add([mmap, mprotect], SystemCallRule.AllowIf(new ArgumentCondition(2, LibC.PROT_EXEC, 0), Errno.EACCES));
        policy.Add([pkey_mprotect], new SystemCallRule((int)Errno.EACCES));
        policy.Add([clone], SystemCallRule.AllowIf(new ArgumentCondition(0, CloneThread | CloneNamespaces, CloneThread), Errno.EPERM));
        // Its flags are in memory, where a filter cannot look; the C library takes clone(2) then.
        policy.Add([clone3], new SystemCallRule((int)Errno.ENOSYS));
        policy.Add([tgkill], SystemCallRule.AllowIf(ArgumentCondition.OneOf(0, (uint)process), Errno.EPERM));
        policy.Add([prlimit64], SystemCallRule.AllowIf(ArgumentCondition.OneOf(0, 0), Errno.EPERM));
        policy.Add([prctl], SystemCallRule.AllowIf(ArgumentCondition.OneOf(0, LibC.PR_SET_NAME, LibC.PR_SET_VMA), Errno.EPERM));
        return policy;
    }

    /// <summary>A device's helper: what a device may, and files besides.</summary>
    /// <param name="process">Its own process id.</param>
    public static SystemCallPolicy OfHelper(int process)
    {
        SystemCallPolicy policy = OfDevice(process);
        policy.Add(
            [open, openat, stat, lstat, newfstatat, statx, access, faccessat, faccessat2, readlink, readlinkat, statfs, getdents64, rename, renameat, renameat2, unlink, unlinkat, rmdir, fchmod],
            SystemCallRule.Allow);
        return policy;
    }

    /// <summary>A keeper, which must be able to start the next device, of a program that nobody knows yet.</summary>
    public static SystemCallPolicy OfKeeper()
    {
        var policy = new SystemCallPolicy(SystemCallRule.Allow);
        policy.Add(Harmful, new SystemCallRule((int)Errno.EPERM));
        policy.Add([socket], SystemCallRule.AllowIf(ArgumentCondition.OneOf(0, LibC.AF_UNIX), Errno.EACCES));
        return policy;
    }

    /// <summary>The policy as a program for seccomp(2).</summary>
    /// <remarks>It halves the numbers with each comparison. Since Linux 5.11 the kernel works out beforehand which numbers are always allowed and
    /// does not run it for those.</remarks>
    public LibC.SockFilter[] Compile()
    {
        var bpf = new BpfAssembler();
        int known = bpf.NewLabel(), foreign = bpf.NewLabel();
        bpf.Load(ArchitectureOffset);
        bpf.IfEqual(LibC.AUDIT_ARCH_X86_64, known);
        bpf.Return(LibC.SECCOMP_RET_KILL_PROCESS);
        bpf.Mark(known);
        bpf.Load(NumberOffset);
        bpf.IfAtLeast(X32, foreign);
        List<(uint First, SystemCallRule Rule)> ranges = Ranges();
        Emit(bpf, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(ranges));
        bpf.Mark(foreign);
        bpf.Return(LibC.SECCOMP_RET_KILL_PROCESS);
        return bpf.Assemble();
    }

    /// <summary>The ioctls of this program: udmabuf's and dma-bufs' own, the page map's, how much a pipe holds, and whether stdout is a terminal.</summary>
    private static uint[] KnownRequests =>
    [
        (uint)LibC.UDMABUF_CREATE, (uint)LibC.UDMABUF_CREATE_LIST, (uint)LibC.DMA_BUF_IOCTL_SYNC, (uint)LibC.DMA_BUF_SET_NAME_B, (uint)LibC.PAGEMAP_SCAN, (uint)LibC.FIONREAD,
        (uint)LibC.TCGETS, (uint)LibC.TIOCGWINSZ,
    ];

    private void Add(IEnumerable<SystemCall> calls, SystemCallRule rule)
    {
        foreach (SystemCall call in calls)
        {
            _rules[(uint)call] = rule;
        }
    }

    /// <summary>All numbers as ranges with one rule each, in order. A number that nobody knows fails as it does with an older kernel.</summary>
    private List<(uint First, SystemCallRule Rule)> Ranges()
    {
        var ranges = new List<(uint First, SystemCallRule Rule)>();
        for (uint number = 0; number < FirstUnknown; number++)
        {
            Append(number, _rules.TryGetValue(number, out SystemCallRule rule) ? rule : _otherwise);
        }
        Append(FirstUnknown, _otherwise.Errno == 0 ? _otherwise : new SystemCallRule((int)Errno.ENOSYS));
        return ranges;

        void Append(uint number, SystemCallRule rule)
        {
            if (ranges.Count == 0 || ranges[^1].Rule != rule)
            {
                ranges.Add((number, rule));
            }
        }
    }

    private static void Emit(BpfAssembler bpf, ReadOnlySpan<(uint First, SystemCallRule Rule)> ranges)
    {
        if (ranges.Length == 1)
        {
            Emit(bpf, ranges[0].Rule);
            return;
        }
        int middle = ranges.Length / 2;
        int upper = bpf.NewLabel();
        bpf.IfAtLeast(ranges[middle].First, upper);
        Emit(bpf, ranges[..middle]);
        bpf.Mark(upper);
        Emit(bpf, ranges[middle..]);
    }

    private static void Emit(BpfAssembler bpf, SystemCallRule rule)
    {
        if (rule.Condition is { } condition)
        {
            int good = bpf.NewLabel();
            // The machine is little-endian: the lower half comes first.
            bpf.Load(ArgumentsOffset + (sizeof(ulong) * (uint)condition.Argument));
            if (condition.Mask != uint.MaxValue)
            {
                bpf.And(condition.Mask);
            }
            foreach (uint value in condition.Values)
            {
                bpf.IfEqual(value, good);
            }
            bpf.Return(LibC.SECCOMP_RET_ERRNO | (uint)rule.Errno);
            bpf.Mark(good);
            bpf.Return(LibC.SECCOMP_RET_ALLOW);
            return;
        }
        bpf.Return(rule.Errno == 0 ? LibC.SECCOMP_RET_ALLOW : LibC.SECCOMP_RET_ERRNO | (uint)rule.Errno);
    }
}
