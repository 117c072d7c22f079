using System.Runtime.InteropServices;

namespace FbShare.Linux;

/// <summary>A system call failed: which one, on what, and the errno it set.</summary>
public sealed class LinuxException : IOException
{
    /// <summary>Takes the calling thread's last errno.</summary>
    /// <param name="call">The call's name, with what it was about where that helps: <c>open(/dev/udmabuf)</c>.</param>
    public LinuxException(string call)
        : this(call, Marshal.GetLastPInvokeError())
    {
    }

    /// <summary>A failed call.</summary>
    /// <param name="call">As in the other constructor.</param>
    /// <param name="errno">The error number that it set.</param>
    public LinuxException(string call, int errno)
        : base($"{call}: {LibC.DescribeErrno(errno)} (errno {errno})")
    {
        Call = call;
        Errno = (Errno)errno;
    }

    /// <summary>The failed call, as given.</summary>
    public string Call { get; }

    /// <summary>The error number (asm-generic/errno.h).</summary>
    public Errno Errno { get; }

    /// <summary>Returns the result of a system call, unless it is negative, which is a failure: then the calling thread's last errno says why.</summary>
    /// <param name="result">What the call returned.</param>
    /// <param name="call">As for <see cref="LinuxException(string)"/>.</param>
    /// <exception cref="LinuxException">It failed.</exception>
    public static int Check(int result, string call) => result < 0 ? throw new LinuxException(call) : result;

    /// <inheritdoc cref="Check(int, string)"/>
    public static nint Check(nint result, string call) => result < 0 ? throw new LinuxException(call) : result;

    /// <inheritdoc cref="Check(int, string)"/>
    public static long Check(long result, string call) => result < 0 ? throw new LinuxException(call) : result;
}
