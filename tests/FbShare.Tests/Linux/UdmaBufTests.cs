using FbShare.Linux;
using Xunit;

namespace FbShare.Tests.Linux;

public class UdmaBufTests
{
    private static readonly UdmaBufLimits Limits = new(4, 1 << 20);

    [Fact]
    public unsafe void The_requests_have_the_sizes_that_the_ioctl_numbers_carry()
    {
        // _IOC_SIZE: bits 16 to 29 of the number (asm-generic/ioctl.h).
        Assert.Equal((LibC.UDMABUF_CREATE >> 16) & 0x3FFF, (nuint)sizeof(LibC.UdmabufCreate));
        Assert.Equal((LibC.UDMABUF_CREATE_LIST >> 16) & 0x3FFF, (nuint)sizeof(LibC.UdmabufCreateList));
        Assert.Equal(24, sizeof(LibC.UdmabufCreateItem));
        Assert.Equal((LibC.DMA_BUF_IOCTL_SYNC >> 16) & 0x3FFF, (nuint)sizeof(ulong));
        Assert.Equal((LibC.PAGEMAP_SCAN >> 16) & 0x3FFF, (nuint)sizeof(LibC.PmScanArg));
        Assert.Equal(24, sizeof(LibC.PageRegion));
        Assert.Equal(120, sizeof(LibC.StatFs));
    }

    [Fact]
    public void Limits_are_read_where_the_kernel_shows_them()
    {
        using var folder = new TemporaryFolder();
        Assert.Equal(new UdmaBufLimits(1024, 64 << 20), UdmaBufLimits.Read(folder.Path));

        File.WriteAllText(folder["list_limit"], "16384\n");
        File.WriteAllText(folder["size_limit_mb"], "133\n");

        Assert.Equal(new UdmaBufLimits(16384, 133L << 20), UdmaBufLimits.Read(folder.Path));
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("many")]
    [InlineData("")]
    public void A_limit_that_is_no_number_is_the_kernels_default(string text)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["list_limit"], text);

        Assert.Equal(1024, UdmaBufLimits.Read(folder.Path).ListLimit);
    }

    [Fact]
    public void A_device_that_is_not_there_is_cured_by_modprobe()
    {
        var e = Assert.Throws<UdmaBufException>(() => UdmaBufDevice.Open("/dev/no-such-udmabuf"));

        Assert.Equal(Errno.ENOENT, e.Errno);
        Assert.Contains("modprobe udmabuf", e.Cure, StringComparison.Ordinal);
    }

    [Fact]
    public void A_device_that_may_not_be_opened_is_cured_by_a_group_or_a_udev_rule()
    {
        var e = UdmaBufException.OfOpen("/dev/udmabuf", Errno.EACCES);

        Assert.Contains("kvm", e.Cure, StringComparison.Ordinal);
        Assert.Contains("KERNEL==\"udmabuf\"", e.Cure, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_device_is_named_as_such()
    {
        using UdmaBufDevice device = UdmaBufDevice.Open("/dev/null");
        using FileDescriptor memfd = MemFd.Create("test", 8192);

        Assert.Equal(Errno.ENOTTY, Assert.Throws<UdmaBufException>(() => device.Create([new(memfd, 0, 4096)])).Errno);
        Assert.Equal(Errno.ENOTTY, Assert.Throws<UdmaBufException>(() => device.Create([new(memfd, 0, 4096), new(memfd, 4096, 4096)])).Errno);
    }

    public static TheoryData<string, MemFdSeals, long[], string, string?> Refusals() => new()
    {
        { "offset", MemFdSeals.Shrink, [1, 4096], "do not start and end at page boundaries", null },
        { "size", MemFdSeals.Shrink, [0, 4095], "do not start and end at page boundaries", null },
        { "empty", MemFdSeals.Shrink, [0, 0], "needs at least one page", null },
        { "end", MemFdSeals.Shrink, [0, 16384], "not inside the file of 12288 bytes", null },
        { "list", MemFdSeals.Shrink, [0, 4096, 0, 4096, 0, 4096, 0, 4096, 0, 4096], "list_limit 4", "echo 5 | sudo tee /sys/module/udmabuf/parameters/list_limit" },
        { "bytes", MemFdSeals.Shrink, [0, (1 << 20) + 4096], "size_limit_mb 1", "echo 2 | sudo tee /sys/module/udmabuf/parameters/size_limit_mb" },
        { "shrink", MemFdSeals.Grow, [0, 4096], "F_SEAL_SHRINK", "give QEMU its memory with memory-backend-memfd,share=on,seal=on" },
        { "write", MemFdSeals.Shrink | MemFdSeals.Write, [0, 4096], "F_SEAL_WRITE", null },
    };

    [Theory]
    [MemberData(nameof(Refusals))]
    public void The_rule_behind_an_EINVAL_is_found(string name, MemFdSeals seals, long[] ranges, string reason, string? cure)
    {
        using FileDescriptor memfd = MemFd.Create(name, 12288, seals: seals);
        FileRange[] list = [.. ranges.Chunk(2).Select(r => new FileRange(memfd, r[0], r[1]))];

        var e = UdmaBufException.OfCreate(Errno.EINVAL, list, Limits);

        Assert.Contains(reason, e.Reason, StringComparison.Ordinal);
        Assert.Equal(cure, e.Cure);
    }

    [Theory]
    [InlineData(Errno.EBADFD, "memory-backend-memfd")]
    [InlineData(Errno.EMFILE, "ulimit")]
    [InlineData(Errno.ENOMEM, "huge pages")]
    public void Other_errnos_have_their_own_cures(Errno errno, string cure) =>
        Assert.Contains(cure, UdmaBufException.OfCreate(errno, [], Limits).Cure, StringComparison.Ordinal);
}
