using System.Runtime.InteropServices;

namespace FbShare.Linux;

/// <summary>kill(2).</summary>
internal static partial class LibC
{
    public const int SIGTERM = 15;

    [LibraryImport(Library, SetLastError = true)]
    public static partial int kill(int process, int signal);
}
