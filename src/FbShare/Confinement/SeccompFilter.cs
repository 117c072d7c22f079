using System.Runtime.InteropServices;
using FbShare.Linux;

namespace FbShare.Confinement;

/// <summary>Puts a policy into force for all threads of this process, and of all that it starts (seccomp(2)). There is no way back.</summary>
internal static class SeccompFilter
{
    /// <summary>Whether the kernel has seccomp filters.</summary>
    public static unsafe bool IsAvailable
    {
        get
        {
            uint action = LibC.SECCOMP_RET_ERRNO;
            // SAFETY: the kernel reads the four bytes of the local.
            return LibC.syscall(LibC.SYS_seccomp, (nint)LibC.SECCOMP_GET_ACTION_AVAIL, 0, (nint)(&action)) == 0;
        }
    }

    /// <exception cref="LinuxException">The kernel has no seccomp filters, or a thread has one of its own already.</exception>
    public static void Apply(SystemCallPolicy policy)
    {
        LibC.SockFilter[] program = policy.Compile();
        // Without SPEC_ALLOW, Linux before 5.16 would slow the process down for fear of code that it does not trust in its own memory.
        if (!TryApply(program, LibC.SECCOMP_FILTER_FLAG_TSYNC | LibC.SECCOMP_FILTER_FLAG_SPEC_ALLOW, out int errno)
            && !((Errno)errno == Errno.EINVAL && TryApply(program, LibC.SECCOMP_FILTER_FLAG_TSYNC, out errno)))
        {
            throw new LinuxException("seccomp(SECCOMP_SET_MODE_FILTER)", errno);
        }
    }

    private static unsafe bool TryApply(LibC.SockFilter[] program, uint flags, out int errno)
    {
        fixed (LibC.SockFilter* instructions = program)
        {
            var filter = new LibC.SockFprog { len = (ushort)program.Length, filter = instructions };
            // SAFETY: the kernel reads one sock_fprog, the local, and as many instructions as it says, which are pinned.
            nint result = LibC.syscall(LibC.SYS_seccomp, (nint)LibC.SECCOMP_SET_MODE_FILTER, (nint)flags, (nint)(&filter));
            // A positive result is a thread that could not be included.
            errno = result < 0 ? Marshal.GetLastPInvokeError() : result > 0 ? (int)Errno.ESRCH : 0;
            return result == 0;
        }
    }
}
