using System.Runtime.InteropServices;

namespace FbShare.Cli;

/// <summary>The C library's calls about processes that .NET has no names for: kill(2), getppid(2), geteuid(2).</summary>
internal static partial class ProcessCalls
{
    public const int SIGKILL = 9;
    public const int SIGTERM = 15;
    public const int SIGCONT = 18;
    public const int SIGSTOP = 19;

    private const string Library = "libc";

    [LibraryImport(Library, SetLastError = true)]
    public static partial int kill(int process, int signal);

    [LibraryImport(Library)]
    public static partial int getppid();

    [LibraryImport(Library)]
    public static partial uint geteuid();
}
