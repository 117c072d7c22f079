using System.Runtime.InteropServices;

namespace FbShare.Linux;

/// <summary>Where FbShare may run: Linux on x86-64. The layouts of structures and the values of constants in this folder are those of
/// that kernel (epoll_event is packed only there; O_DIRECTORY, O_NOFOLLOW and others differ), and the code of the virtqueues relies on
/// the memory order of x86-64. Elsewhere it would not fail but work on wrong bytes.</summary>
public static class SupportedPlatform
{
    private static readonly string? WhyNotHere = WhyNot(OperatingSystem.IsLinux(), RuntimeInformation.ProcessArchitecture);

    /// <summary>Called before the kernel is first used: when the program starts, and when the library gets its first descriptor.</summary>
    /// <exception cref="PlatformNotSupportedException">FbShare cannot run here.</exception>
    public static void Demand()
    {
        if (WhyNotHere is { } why)
        {
            throw new PlatformNotSupportedException(why);
        }
    }

    /// <returns>One sentence that says what to do; null where FbShare can run.</returns>
    internal static string? WhyNot(bool linux, Architecture architecture) => linux && architecture == Architecture.X64
        ? null
        : $"FbShare runs on Linux on 64-bit x86 (linux-x64) only, and this is {(linux ? "Linux" : "another system")} on {architecture}: run it on an x86-64 host";
}
