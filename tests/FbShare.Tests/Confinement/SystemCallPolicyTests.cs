using FbShare.Confinement;
using FbShare.Linux;
using static FbShare.Confinement.SystemCall;

namespace FbShare.Tests.Confinement;

public sealed class SystemCallPolicyTests
{
    private const int Self = 4711;
    private const uint Allowed = LibC.SECCOMP_RET_ALLOW, Killed = LibC.SECCOMP_RET_KILL_PROCESS;

    private static readonly LibC.SockFilter[] Device = SystemCallPolicy.OfDevice(Self).Compile();
    private static readonly LibC.SockFilter[] Helper = SystemCallPolicy.OfHelper(Self).Compile();
    private static readonly LibC.SockFilter[] Keeper = SystemCallPolicy.OfKeeper().Compile();

    [Fact]
    public void A_device_works_with_what_it_has()
    {
        foreach (SystemCall call in (SystemCall[])[read, write, epoll_wait, epoll_ctl, sendmsg, recvmsg, accept4, futex, munmap, madvise, memfd_create, ftruncate, splice, eventfd2, close, exit_group, rt_sigreturn, clock_gettime, sched_yield, membarrier, rseq])
        {
            Assert.Equal((call, Allowed), (call, Ask(Device, call)));
        }
    }

    [Fact]
    public void A_device_has_no_paths_no_programs_no_network_and_no_other_process()
    {
        foreach (SystemCall call in (SystemCall[])[open, openat, openat2, creat, stat, statx, readlink, unlink, rename, renameat2, mkdir, link, symlink, chmod, truncate, socket, connect, bind, listen])
        {
            Assert.Equal((call, Refused(Errno.EACCES)), (call, Ask(Device, call)));
        }
        foreach (SystemCall call in (SystemCall[])
            [execve, execveat, fork, vfork, ptrace, process_vm_readv, process_vm_writev, kill, tkill, rt_sigqueueinfo, pidfd_open, pidfd_getfd, bpf, perf_event_open, io_uring_setup, keyctl, userfaultfd, mount, unshare, setns, init_module, SystemCall.seccomp, landlock_create_ruleset])
        {
            Assert.Equal((call, Refused(Errno.EPERM)), (call, Ask(Device, call)));
        }
    }

    [Fact]
    public void Arguments_decide_where_a_call_is_good_and_bad()
    {
        Assert.Equal(Allowed, Ask(Device, tgkill, Self, 1, 34));
        Assert.Equal(Refused(Errno.EPERM), Ask(Device, tgkill, 1, 1, 9));
        Assert.Equal(Allowed, Ask(Device, clone, 0x3D0F00));
        Assert.Equal(Refused(Errno.EPERM), Ask(Device, clone, 17));
        Assert.Equal(Refused(Errno.EPERM), Ask(Device, clone, 0x3D0F00 | 0x10000000));
        Assert.Equal(Refused(Errno.EPERM), Ask(Device, clone, 0x3D0F00 | 0x80));
        // The C library then takes clone(2).
        Assert.Equal(Refused(Errno.ENOSYS), Ask(Device, clone3));
        Assert.Equal(Allowed, Ask(Device, mmap, 0, 4096, LibC.PROT_READ | LibC.PROT_WRITE));
        Assert.Equal(Refused(Errno.EACCES), Ask(Device, mmap, 0, 4096, LibC.PROT_READ | LibC.PROT_EXEC));
        Assert.Equal(Refused(Errno.EACCES), Ask(Device, mprotect, 0, 4096, LibC.PROT_READ | LibC.PROT_EXEC));
        Assert.Equal(Refused(Errno.EACCES), Ask(Device, mprotect, 0, 4096, LibC.PROT_EXEC | 0x01000000));
        Assert.Equal(Allowed, Ask(Device, newfstatat, 5, 0, 0, LibC.AT_EMPTY_PATH));
        Assert.Equal(Refused(Errno.EACCES), Ask(Device, newfstatat, 5, 0, 0, 0));
        Assert.Equal(Allowed, Ask(Device, fcntl, 5, LibC.F_GETFL));
        Assert.Equal(Refused(Errno.EPERM), Ask(Device, fcntl, 5, 8));
        Assert.Equal(Allowed, Ask(Device, ioctl, 5, LibC.UDMABUF_CREATE_LIST));
        Assert.Equal(Refused(Errno.EPERM), Ask(Device, ioctl, 0, 0x5412));
        Assert.Equal(Allowed, Ask(Device, prctl, LibC.PR_SET_NAME));
        Assert.Equal(Refused(Errno.EPERM), Ask(Device, prctl, LibC.PR_SET_NO_NEW_PRIVS));
        Assert.Equal(Refused(Errno.EPERM), Ask(Device, prlimit64, 1));
        Assert.Equal(Allowed, Ask(Device, setsockopt, 5, LibC.SOL_SOCKET));
        Assert.Equal(Refused(Errno.EPERM), Ask(Device, setsockopt, 5, 6));
    }

    [Fact]
    public void Calls_of_another_kind_of_program_end_the_process_and_calls_of_the_future_are_unknown()
    {
        Assert.Equal(Killed, BpfMachine.Ask(Device, (uint)read, [], architecture: 0x40000003));
        Assert.Equal(Killed, BpfMachine.Ask(Device, 0x40000000 | (uint)read, []));
        Assert.Equal(Killed, BpfMachine.Ask(Device, uint.MaxValue, []));
        Assert.Equal(Refused(Errno.ENOSYS), BpfMachine.Ask(Device, 470, []));
        Assert.Equal(Refused(Errno.ENOSYS), BpfMachine.Ask(Device, 0x3FFFFFFF, []));
    }

    [Fact]
    public void A_helper_has_files_and_otherwise_no_more_than_a_device()
    {
        foreach (SystemCall call in (SystemCall[])[open, openat, stat, newfstatat, readlink, rename, unlink])
        {
            Assert.Equal((call, Allowed), (call, Ask(Helper, call)));
        }
        foreach (SystemCall call in (SystemCall[])[execve, fork, socket, connect, ptrace, kill, chmod, mkdir, symlink, bpf])
        {
            Assert.NotEqual((call, Allowed), (call, Ask(Helper, call)));
        }
    }

    [Fact]
    public void A_keeper_starts_programs_and_leaves_alone_what_none_needs()
    {
        foreach (SystemCall call in (SystemCall[])[execve, fork, clone3, open, unlink, kill, SystemCall.seccomp, pidfd_open, (SystemCall)9999])
        {
            Assert.Equal((call, Allowed), (call, Ask(Keeper, call)));
        }
        foreach (SystemCall call in (SystemCall[])[ptrace, process_vm_writev, bpf, io_uring_setup, keyctl, mount, unshare, userfaultfd, init_module])
        {
            Assert.Equal((call, Refused(Errno.EPERM)), (call, Ask(Keeper, call)));
        }
        Assert.Equal(Allowed, Ask(Keeper, socket, LibC.AF_UNIX));
        Assert.Equal(Refused(Errno.EACCES), Ask(Keeper, socket, 2));
    }

    [Fact]
    public void The_filter_takes_few_steps_to_any_answer()
    {
        byte[] data = new byte[64];
        BitConverter.TryWriteBytes(data.AsSpan(4), LibC.AUDIT_ARCH_X86_64);
        for (uint number = 0; number < 500; number++)
        {
            BitConverter.TryWriteBytes(data, number);
            BpfMachine.Run(Device, data, out int steps);

            Assert.True(steps < 40, $"{number}: {steps}");
        }
    }

    private static uint Ask(LibC.SockFilter[] filter, SystemCall call, params ulong[] arguments) => BpfMachine.Ask(filter, (uint)call, arguments);

    private static uint Refused(Errno errno) => LibC.SECCOMP_RET_ERRNO | (uint)errno;
}
