using System.Runtime.InteropServices;
using FbShare.Confinement;
using FbShare.Linux;

namespace FbShare.Cli.Probe;

/// <summary>Tries from inside of a device's sandbox what somebody who has taken the device over would try, and says what came of it.</summary>
/// <remarks>Makes its system calls by their numbers (asm/unistd_64.h), written here once more: a wrong number in the policy must not be the same in its trial.</remarks>
internal static partial class SandboxTrial
{
    private const int SYS_open = 2;
    private const int SYS_stat = 4;
    private const int SYS_mmap = 9;
    private const int SYS_ioctl = 16;
    private const int SYS_socket = 41;
    private const int SYS_connect = 42;
    private const int SYS_clone = 56;
    private const int SYS_fork = 57;
    private const int SYS_execve = 59;
    private const int SYS_kill = 62;
    private const int SYS_unlink = 87;
    private const int SYS_ptrace = 101;
    private const int SYS_getppid = 110;
    private const int SYS_mount = 165;
    private const int SYS_keyctl = 250;
    private const int SYS_unshare = 272;
    private const int SYS_process_vm_readv = 310;
    private const int SYS_bpf = 321;
    private const int SYS_userfaultfd = 323;
    private const int SYS_io_uring_setup = 425;
    private const int SYS_pidfd_open = 434;

    private const int AF_UNIX = 1;
    private const int AF_INET = 2;
    private const int SOCK_STREAM_CLOEXEC = 0x80001;
    private const int O_CLOEXEC = 0x80000;
    private const int O_RDWR_TMPFILE_CLOEXEC = 0x490002;
    private const int PROT_READ_WRITE_EXEC = 7;
    private const int MAP_PRIVATE_ANONYMOUS = 0x22;
    private const int PTRACE_ATTACH = 16;
    private const int CLONE_NEWUSER = 0x10000000;
    private const int SIGCHLD = 17;
    private const int TIOCSTI = 0x5412;

    /// <summary>struct stat of x86-64 has 144 bytes.</summary>
    private const int StatSize = 144;

    /// <summary>Tries everything on this thread and on one that was there before the sandbox.</summary>
    /// <param name="confined">Whether to enter the sandbox before. Otherwise the attempts that do no harm show that they would succeed.</param>
    /// <returns>Success if nothing succeeded.</returns>
    public static int Run(bool confined)
    {
        using var socket = new FileDescriptor((int)LinuxException.Check(Call(SYS_socket, AF_UNIX, SOCK_STREAM_CLOEXEC), "socket"));
        string[] there = [];
        using var start = new ManualResetEventSlim();
        var thread = new Thread(() =>
        {
            start.Wait();
            there = [.. Attempt(socket, confined).Select(line => $"other thread: {line}")];
        });
        thread.Start();
        string? description = confined ? Sandbox.EnterAsDevice().Description : null;
        string[] here = [.. Attempt(socket, confined)];
        start.Set();
        thread.Join();
        Console.Out.WriteLine($"sandbox: {description ?? "none"}");
        foreach (string line in (string[])[.. here, .. there])
        {
            Console.Out.WriteLine(line);
        }
        return Array.Exists([.. here, .. there], line => line.EndsWith(": done", StringComparison.Ordinal)) ? ExitCodes.Failure : ExitCodes.Success;
    }

    private static IEnumerable<string> Attempt(FileDescriptor socket, bool confined)
    {
        int parent = (int)Call(SYS_getppid);
        yield return Say("open a file", At("/etc/passwd\0"u8, SYS_open, O_CLOEXEC));
        yield return Say("make a file", At("/tmp\0"u8, SYS_open, O_RDWR_TMPFILE_CLOEXEC, 0x180));
        yield return Say("look at a path", LookAt("/etc/passwd\0"u8));
        yield return Say("make a network socket", Call(SYS_socket, AF_INET, SOCK_STREAM_CLOEXEC));
        yield return Say("make a local socket", Call(SYS_socket, AF_UNIX, SOCK_STREAM_CLOEXEC));
        yield return Say("signal another process", Call(SYS_kill, parent));
        yield return Say("make code", Call(SYS_mmap, 0, 4096, PROT_READ_WRITE_EXEC, MAP_PRIVATE_ANONYMOUS, -1));
        yield return Say("get hold of another process", Call(SYS_pidfd_open, parent));
        if (!confined)
        {
            // What follows would end this process or harm others.
            yield break;
        }
        yield return Say("start a program", At("/bin/true\0"u8, SYS_execve));
        yield return Say("fork", Call(SYS_fork));
        yield return Say("clone without a thread", Call(SYS_clone, SIGCHLD));
        yield return Say("connect", Connect(socket));
        yield return Say("trace another process", Call(SYS_ptrace, PTRACE_ATTACH, parent));
        yield return Say("read another process's memory", Call(SYS_process_vm_readv, parent));
        yield return Say("load a BPF program", Call(SYS_bpf));
        yield return Say("use io_uring", Call(SYS_io_uring_setup, 1));
        yield return Say("use keys", Call(SYS_keyctl));
        yield return Say("handle page faults", Call(SYS_userfaultfd, 1));
        yield return Say("mount", Call(SYS_mount));
        yield return Say("make namespaces", Call(SYS_unshare, CLONE_NEWUSER));
        yield return Say("remove a file", At("/nowhere\0"u8, SYS_unlink));
        yield return Say("type into a terminal", Call(SYS_ioctl, 0, TIOCSTI));
    }

    private static string Say(string what, long result)
    {
        string outcome = "done";
        if (result < 0)
        {
            var failure = new LinuxException(what);
            outcome = failure.Errno is Errno.EPERM or Errno.EACCES or Errno.ENOSYS ? "refused" : failure.Errno.ToString();
        }
        return $"{what}: {outcome}";
    }

    /// <summary>A call whose first argument is a path, and whose other pointers, if it has any, may be null: execve(2) takes that for no arguments.</summary>
    private static unsafe nint At(ReadOnlySpan<byte> path, int call, nint second = 0, nint third = 0)
    {
        fixed (byte* name = path)
        {
            // SAFETY: the name ends with a zero and is pinned.
            return Call(call, (nint)name, second, third);
        }
    }

    private static unsafe nint LookAt(ReadOnlySpan<byte> path)
    {
        byte* status = stackalloc byte[StatSize];
        // SAFETY: the kernel fills one struct stat, which the local has room for.
        return At(path, SYS_stat, (nint)status);
    }

    private static unsafe nint Connect(FileDescriptor socket)
    {
        // struct sockaddr_un: the family, then the path, which ends with a zero.
        ReadOnlySpan<byte> address = "\u0001\0/run/systemd/journal/stdout\0"u8;
        fixed (byte* bytes = address)
        {
            // SAFETY: the kernel reads as many bytes as it is told, which are pinned.
            return Call(SYS_connect, socket.Number, (nint)bytes, address.Length);
        }
    }

    private static nint Call(int number, nint first = 0, nint second = 0, nint third = 0, nint fourth = 0, nint fifth = 0) =>
        syscall(number, first, second, third, fourth, fifth, 0);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint syscall(nint number, nint first, nint second, nint third, nint fourth, nint fifth, nint sixth);
}
