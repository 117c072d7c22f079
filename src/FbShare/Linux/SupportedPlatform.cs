using System.Runtime.InteropServices;

namespace FbShare.Linux;

/// <summary>Where FbShare may run: Linux on x86-64. The layout of structures and the values of constants in this room are that
/// kernel's (epoll_event is packed there only; O_DIRECTORY, O_NOFOLLOW and others differ), and the rings count on its memory order.
/// Elsewhere it would work on wrong bytes, not fail.</summary>
internal static class SupportedPlatform
{
    private static readonly string? WhyNotHere = WhyNot(OperatingSystem.IsLinux(), RuntimeInformation.ProcessArchitecture);

    /// <summary>Stands before the first use of the kernel: at the program's start, and where the library takes its first descriptor.</summary>
    /// <exception cref="PlatformNotSupportedException">It may not run here.</exception>
    public static void Demand()
    {
        if (WhyNotHere is { } why)
        {
            throw new PlatformNotSupportedException(why);
        }
    }

    /// <returns>One sentence with what to do; null where it may run.</returns>
    public static string? WhyNot(bool linux, Architecture architecture) => linux && architecture == Architecture.X64
        ? null
        : $"FbShare runs on Linux on 64-bit x86 (linux-x64) only, and this is {(linux ? "Linux" : "another system")} on {architecture}: run it on an x86-64 host";
}
