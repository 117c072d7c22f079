using System.Runtime.InteropServices;
using FbShare.Confinement;
using FbShare.Linux;

namespace FbShare.Cli.Probe;

/// <summary>Tries from inside of a device's sandbox what somebody who has taken the device over would try, and says what came of it.</summary>
internal static unsafe class SandboxTrial
{
    private const int AF_INET = 2;
    private const int PTRACE_ATTACH = 16;
    private const int MAP_PRIVATE_ANONYMOUS = 0x22;
    private const int O_TMPFILE = 0x410000;
    private const int CLONE_NEWUSER = 0x10000000;
    private const int SIGCHLD = 17;
    private const int TIOCSTI = 0x5412;

    /// <summary>Tries everything on this thread and on one that was there before the sandbox.</summary>
    /// <param name="confined">Whether to enter the sandbox before. Otherwise the attempts that do no harm show that they would succeed.</param>
    /// <returns>Success if nothing succeeded.</returns>
    public static int Run(bool confined)
    {
        using var socket = new FileDescriptor(LinuxException.Check(LibC.socket(LibC.AF_UNIX, LibC.SOCK_STREAM | LibC.SOCK_CLOEXEC, 0), "socket"));
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
        int parent = (int)Call(SystemCall.getppid);
        yield return Say("open a file", LibC.open("/etc/passwd", LibC.O_RDONLY | LibC.O_CLOEXEC, 0));
        yield return Say("make a file", LibC.open("/tmp", LibC.O_RDWR | O_TMPFILE, 0x180));
        yield return Say("look at a path", LookAt("/etc/passwd\0"u8));
        yield return Say("make a network socket", LibC.socket(AF_INET, LibC.SOCK_STREAM | LibC.SOCK_CLOEXEC, 0));
        yield return Say("make a local socket", LibC.socket(LibC.AF_UNIX, LibC.SOCK_STREAM | LibC.SOCK_CLOEXEC, 0));
        yield return Say("signal another process", LibC.kill(parent, 0));
        yield return Say("make code", Call(SystemCall.mmap, 0, 4096, LibC.PROT_READ | LibC.PROT_WRITE | LibC.PROT_EXEC, MAP_PRIVATE_ANONYMOUS, -1));
        yield return Say("get hold of another process", Call(SystemCall.pidfd_open, parent));
        if (!confined)
        {
            // What follows would end this process or harm others.
            yield break;
        }
        yield return Say("start a program", Execute("/bin/true\0"u8));
        yield return Say("fork", Call(SystemCall.fork));
        yield return Say("clone without a thread", Call(SystemCall.clone, SIGCHLD));
        yield return Say("connect", Connect(socket));
        yield return Say("trace another process", Call(SystemCall.ptrace, PTRACE_ATTACH, parent));
        yield return Say("read another process's memory", Call(SystemCall.process_vm_readv, parent));
        yield return Say("load a BPF program", Call(SystemCall.bpf));
        yield return Say("use io_uring", Call(SystemCall.io_uring_setup, 1));
        yield return Say("use keys", Call(SystemCall.keyctl));
        yield return Say("handle page faults", Call(SystemCall.userfaultfd, 1));
        yield return Say("mount", Call(SystemCall.mount));
        yield return Say("make namespaces", Call(SystemCall.unshare, CLONE_NEWUSER));
        yield return Say("remove a file", Remove("/nowhere\0"u8));
        yield return Say("type into a terminal", Call(SystemCall.ioctl, 0, TIOCSTI));
    }

    private static string Say(string what, long result) =>
        $"{what}: {(result >= 0 ? "done" : (Errno)Marshal.GetLastPInvokeError() is Errno.EPERM or Errno.EACCES or Errno.ENOSYS ? "refused" : LibC.DescribeErrno(Marshal.GetLastPInvokeError()))}";

    private static nint Call(SystemCall call, nint first = 0, nint second = 0, nint third = 0, nint fourth = 0, nint fifth = 0) =>
        LibC.syscall((nint)call, first, second, third, fourth, fifth, 0);

    private static nint LookAt(ReadOnlySpan<byte> path)
    {
        LibC.Stat stat;
        fixed (byte* name = path)
        {
            // SAFETY: the name ends with a zero and is pinned; the kernel fills one struct stat, the local.
            return Call(SystemCall.stat, (nint)name, (nint)(&stat));
        }
    }

    private static nint Execute(ReadOnlySpan<byte> path)
    {
        byte* end = null;
        fixed (byte* name = path)
        {
            // SAFETY: the name ends with a zero and is pinned; the list of arguments is empty.
            return LibC.execv(name, &end);
        }
    }

    private static nint Remove(ReadOnlySpan<byte> path)
    {
        fixed (byte* name = path)
        {
            // SAFETY: the name ends with a zero and is pinned.
            return Call(SystemCall.unlink, (nint)name);
        }
    }

    private static nint Connect(FileDescriptor socket)
    {
        LibC.SockAddrUn address = UnixListener.Address("/run/systemd/journal/stdout");
        // SAFETY: the kernel reads one sockaddr_un, the local.
        return LibC.connect(socket, &address, (uint)sizeof(LibC.SockAddrUn));
    }
}
