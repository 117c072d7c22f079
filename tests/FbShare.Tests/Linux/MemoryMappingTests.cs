using System.Globalization;
using FbShare.Linux;

namespace FbShare.Tests.Linux;

public sealed class MemoryMappingTests
{
    [Fact]
    public unsafe void A_mapping_of_a_guest_or_a_picture_is_left_out_of_core_files()
    {
        using FileDescriptor memfd = MemFd.Create("test-core", Environment.SystemPageSize);
        using MemoryMapping mapping = MemoryMapping.Map(memfd, 0, Environment.SystemPageSize, writable: true);

        string start = ((nint)mapping.Pointer).ToString("x", CultureInfo.InvariantCulture);
        string flags = File.ReadLines("/proc/self/smaps").SkipWhile(line => !line.StartsWith($"{start}-", StringComparison.Ordinal)).First(line => line.StartsWith("VmFlags:", StringComparison.Ordinal));
        Assert.Contains(" dd", flags, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, 0, 1)]
    [InlineData(3, 1, 2)]
    public unsafe void What_lies_beside_a_mapping_may_not_be_touched(int pages, int from, int mapped)
    {
        long page = Environment.SystemPageSize;
        using FileDescriptor memfd = MemFd.Create("test-guards", pages * page);
        // The last page is mapped whole, though a byte of it is not asked for.
        using MemoryMapping mapping = MemoryMapping.Map(memfd, from * page, (mapped * page) - 1, writable: true);

        long start = (nint)mapping.Pointer, end = start + (mapped * page);
        Assert.Equal("---p", ProtectionOf(start - 1));
        Assert.Equal("rw-s", ProtectionOf(start));
        Assert.Equal("rw-s", ProtectionOf(end - 1));
        Assert.Equal("---p", ProtectionOf(end));
    }

    [Fact]
    public void A_file_that_cannot_be_mapped_leaves_no_reservation()
    {
        // A socket has nothing to map.
        (UnixSocket one, UnixSocket other) = UnixSocket.CreatePair();
        using (one)
        using (other)
        {
            long length = 1L << 40;
            Assert.Equal(Errno.ENODEV, Assert.Throws<LinuxException>(() => MemoryMapping.Map(one.Descriptor, 0, length, writable: true)).Errno);
            Assert.DoesNotContain(Mappings(), m => m.End - m.Start >= length && m.Protection == "---p");
        }
    }

    private static string ProtectionOf(long address) => Mappings().First(m => address >= m.Start && address < m.End).Protection;

    private static IEnumerable<(long Start, long End, string Protection)> Mappings()
    {
        foreach (string line in File.ReadAllLines("/proc/self/maps"))
        {
            string[] words = line.Split(' ');
            string[] range = words[0].Split('-');
            // The page of old system calls is above what a long holds.
            if (!line.EndsWith("[vsyscall]", StringComparison.Ordinal))
            {
                yield return (long.Parse(range[0], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture), long.Parse(range[1], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture), words[1]);
            }
        }
    }
}
