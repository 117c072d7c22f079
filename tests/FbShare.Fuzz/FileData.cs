using System.Runtime.InteropServices;
using FbShare.Linux;

namespace FbShare.Fuzz;

/// <summary>Where a file has pages (lseek(2), SEEK_DATA and SEEK_HOLE).</summary>
internal static partial class FileData
{
    private const int SeekData = 3;
    private const int SeekHole = 4;

    /// <summary>The ranges of bytes that the file has, in order.</summary>
    public static IEnumerable<(long Start, long End)> FindData(this FileDescriptor file)
    {
        long start = lseek(file, 0, SeekData);
        while (start >= 0)
        {
            long end = lseek(file, start, SeekHole);
            yield return (start, end);
            start = lseek(file, end, SeekData);
        }
    }

    [LibraryImport("libc")]
    private static partial long lseek(FileDescriptor file, long offset, int whence);
}
