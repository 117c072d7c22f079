using System.Runtime.InteropServices;

namespace FbShare.Linux;

/// <summary>pidfd_open(2) and pidfd_getfd(2), which glibc has names for only since 2.36.</summary>
internal static partial class LibC
{
    public const nint SYS_pidfd_open = 434;
    public const nint SYS_pidfd_getfd = 438;

    [LibraryImport(Library, SetLastError = true)]
    public static partial nint syscall(nint number, nint first, nint second, nint third);

    /// <inheritdoc cref="syscall(nint, nint, nint, nint)"/>
    [LibraryImport(Library, SetLastError = true)]
    public static partial nint syscall(nint number, nint first, nint second, nint third, nint fourth, nint fifth, nint sixth);
}
