using System.Runtime.InteropServices;

namespace FbShare.Linux;

/// <summary>Page tables: /proc/PID/pagemap (linux/fs.h), madvise(2).</summary>
internal static partial class LibC
{
    /// <summary>Since Linux 6.7.</summary>
    public const nuint PAGEMAP_SCAN = 0xC0606610;
    public const ulong PAGE_IS_PRESENT = 1 << 3;

    public const int MADV_POPULATE_READ = 22;

    [LibraryImport(Library, SetLastError = true)]
    public static unsafe partial int madvise(void* address, nuint length, int advice);

    [LibraryImport(Library, SetLastError = true)]
    public static unsafe partial nint pread(FileDescriptor fd, void* buffer, nuint count, long offset);

    /// <summary>struct pm_scan_arg, 96 bytes.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct PmScanArg
    {
        public ulong size;
        public ulong flags;
        public ulong start;
        public ulong end;
        public ulong walk_end;
        public ulong vec;
        public ulong vec_len;
        public ulong max_pages;
        public ulong category_inverted;
        public ulong category_mask;
        public ulong category_anyof_mask;
        public ulong return_mask;
    }

    /// <summary>struct page_region, 24 bytes.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct PageRegion
    {
        public ulong start;
        public ulong end;
        public ulong categories;
    }
}
