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
}
