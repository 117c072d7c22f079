namespace FbShare.Linux;

/// <summary>A udmabuf could not be made: the kernel refused, or there is no device.</summary>
/// <param name="reason">Which rule was broken, in words.</param>
/// <param name="cure">What the user can do; null where nothing can be done.</param>
/// <param name="errno">What the kernel answered.</param>
public sealed class UdmaBufException(string reason, string? cure, Errno errno)
    : Exception(cure is null ? reason : $"{reason}; to fix it: {cure}")
{
    /// <summary>Which rule was broken, in words.</summary>
    public string Reason { get; } = reason;

    /// <summary>What the user can do; null if nothing is known to help.</summary>
    public string? Cure { get; } = cure;

    /// <summary>What the kernel said.</summary>
    public Errno Errno { get; } = errno;

    /// <summary>The same, of a process that may not open the device later, when the cure was applied.</summary>
    internal UdmaBufException OnceAndForAll() => new(Reason, Cure is null ? null : $"{Cure}; then start the device again", Errno);

    /// <summary>Why open(2) of the device failed.</summary>
    internal static UdmaBufException OfOpen(string path, Errno errno) => errno switch
    {
        Errno.ENOENT or Errno.ENODEV or Errno.ENXIO => new(
            $"there is no {path}", "sudo modprobe udmabuf (or a kernel with CONFIG_UDMABUF)", errno),
        Errno.EACCES or Errno.EPERM => new(
            $"this user may not open {path}",
            $"join the group that owns it (sudo usermod -aG kvm $USER, then log in again), or add the udev rule "
            + "KERNEL==\"udmabuf\", GROUP=\"kvm\", MODE=\"0660\", TAG+=\"uaccess\"",
            errno),
        _ => new($"{path} cannot be opened: {LibC.DescribeErrno((int)errno)}", null, errno),
    };

    /// <summary>Why UDMABUF_CREATE or UDMABUF_CREATE_LIST failed. The kernel gives the same number for several rules, so they are checked
    /// here in the kernel's own order (drivers/dma-buf/udmabuf.c).</summary>
    internal static UdmaBufException OfCreate(Errno errno, ReadOnlySpan<FileRange> ranges, UdmaBufLimits limits)
    {
        switch (errno)
        {
            case Errno.EBADFD or Errno.EBADF:
                return new("the memory is not a memfd", "give QEMU its memory with -object memory-backend-memfd,share=on", errno);
            case Errno.ENOTTY:
                return new("the device does not know udmabuf's ioctls: it is not /dev/udmabuf", null, errno);
            case Errno.EMFILE:
                return new("this process has as many open files as it may have", "raise the limit on open files (ulimit -n)", errno);
            case Errno.ENOMEM:
                return new("the kernel has too little memory to pin the pages", "free memory, or give the guest more huge pages", errno);
            case Errno.EINVAL:
                return OfInvalid(ranges, limits);
            default:
                return new($"the kernel refused a udmabuf: {LibC.DescribeErrno((int)errno)}", null, errno);
        }
    }

    private static UdmaBufException OfInvalid(ReadOnlySpan<FileRange> ranges, UdmaBufLimits limits)
    {
        if (ranges.Length > limits.ListLimit)
        {
            return new(
                $"{ranges.Length} ranges are more than list_limit {limits.ListLimit}",
                $"echo {ranges.Length} | sudo tee {UdmaBufLimits.ParametersDirectory}/list_limit",
                Errno.EINVAL);
        }
        long total = 0;
        foreach (FileRange range in ranges)
        {
            if (range.Offset % Environment.SystemPageSize != 0 || range.Length % Environment.SystemPageSize != 0)
            {
                return new($"{range.Length} bytes at offset {range.Offset} do not start and end at page boundaries ({Environment.SystemPageSize} bytes)", null, Errno.EINVAL);
            }
            total += range.Length;
        }
        if (total == 0)
        {
            return new("a udmabuf needs at least one page, and none was given", null, Errno.EINVAL);
        }
        if (total > limits.SizeLimit)
        {
            long megabytes = (total + (1 << 20) - 1) >> 20;
            return new(
                $"{total} bytes are more than size_limit_mb {limits.SizeLimit >> 20}",
                $"echo {megabytes} | sudo tee {UdmaBufLimits.ParametersDirectory}/size_limit_mb",
                Errno.EINVAL);
        }
        foreach (FileRange range in ranges)
        {
            if (range.File.GetSeals() is { } seals)
            {
                if (!seals.HasFlag(MemFdSeals.Shrink))
                {
                    return new("the memory is not sealed against shrinking (F_SEAL_SHRINK)", "give QEMU its memory with memory-backend-memfd,share=on,seal=on", Errno.EINVAL);
                }
                if ((seals & (MemFdSeals.Write | MemFdSeals.FutureWrite)) != 0)
                {
                    return new("the memory is sealed against writing (F_SEAL_WRITE, F_SEAL_FUTURE_WRITE), and udmabuf refuses such memory", null, Errno.EINVAL);
                }
            }
            long size = range.File.GetStatus().Size;
            if (range.End > size)
            {
                return new($"{range.Length} bytes at offset {range.Offset} are not inside the file of {size} bytes", null, Errno.EINVAL);
            }
        }
        return new("the kernel refused these ranges (EINVAL) for a reason that is not known here", null, Errno.EINVAL);
    }
}
