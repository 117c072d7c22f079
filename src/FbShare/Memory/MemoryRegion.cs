using FbShare.Linux;

namespace FbShare.Memory;

/// <summary>One region of guest memory: a range of guest physical addresses backed by a range of a file, mapped once.</summary>
/// <remarks>Reference-counted: the map holds one reference and every <see cref="Backing"/> over it another, so a region that the
/// front-end removes stays readable until the last resource in it is gone. Not thread-safe.</remarks>
public sealed class MemoryRegion
{
    private readonly MemoryMapping _mapping;
    private readonly long _mappingSkip;
    private int _references = 1;

    private MemoryRegion(FileDescriptor fd, FileStatus status, MemoryMapping mapping, long mappingSkip, ulong guestAddress, ulong size, ulong userAddress, ulong fileOffset)
    {
        Descriptor = fd;
        Device = status.Device;
        Inode = status.Inode;
        Seals = fd.GetSeals();
        _mapping = mapping;
        _mappingSkip = mappingSkip;
        GuestAddress = guestAddress;
        Size = size;
        UserAddress = userAddress;
        FileOffset = fileOffset;
    }

    /// <summary>The file's descriptor, owned by this region. Never given to a consumer, who could write the guest's memory with it.</summary>
    public FileDescriptor Descriptor { get; }

    /// <summary>Together with <see cref="Inode"/>, which file this is.</summary>
    public ulong Device { get; }

    /// <summary>The file's inode number.</summary>
    public ulong Inode { get; }

    /// <summary>The file's seals; null where it cannot have any (not a memfd).</summary>
    public MemFdSeals? Seals { get; }

    /// <summary>First guest physical address.</summary>
    public ulong GuestAddress { get; }

    /// <summary>Bytes.</summary>
    public ulong Size { get; }

    /// <summary>Where the front-end has it mapped in its own address space. Addresses of rings refer to that.</summary>
    public ulong UserAddress { get; }

    /// <summary>Where in the file the region starts, in bytes.</summary>
    public ulong FileOffset { get; }

    /// <summary>The region's first byte in this process. Only for code that checks every use against <see cref="Size"/>.</summary>
    // SAFETY: Map has seen to it that the mapping holds _mappingSkip + Size bytes.
    internal unsafe byte* Pointer => _mapping.Pointer + _mappingSkip;

    /// <summary>Maps a region that a front-end describes.</summary>
    /// <param name="fd">Owned by the region from here on; closed if this fails.</param>
    /// <param name="guestAddress">The guest physical address of the first byte.</param>
    /// <param name="size">Bytes.</param>
    /// <param name="userAddress">The address by which the front-end names it in its messages.</param>
    /// <param name="fileOffset">Where in the file it begins.</param>
    /// <exception cref="GuestMemoryException">The numbers overflow or lie outside the file.</exception>
    /// <exception cref="LinuxException">The file cannot be mapped.</exception>
    public static MemoryRegion Map(FileDescriptor fd, ulong guestAddress, ulong size, ulong userAddress, ulong fileOffset)
    {
        try
        {
            FileStatus status = fd.GetStatus();
            if (size == 0 || guestAddress > ulong.MaxValue - size || userAddress > ulong.MaxValue - size)
            {
                throw new GuestMemoryException($"region of {size} bytes at guest address 0x{guestAddress:x} wraps around or is empty");
            }
            if (fileOffset > long.MaxValue || size > long.MaxValue || fileOffset + size > (ulong)status.Size)
            {
                throw new GuestMemoryException($"region of {size} bytes at offset {fileOffset} is not inside its file of {status.Size} bytes");
            }
            // A mapping of hugetlb memory must start and end at huge pages.
            long page = Math.Max(status.BlockSize, Environment.SystemPageSize);
            long skip = (long)fileOffset % page;
            long length = ((long)size + skip + page - 1) / page * page;
            MemoryMapping mapping = MemoryMapping.Map(fd, (long)fileOffset - skip, length, writable: true);
            return new MemoryRegion(fd, status, mapping, skip, guestAddress, size, userAddress, fileOffset);
        }
        catch
        {
            fd.Dispose();
            throw;
        }
    }

    /// <summary>Whether the two have a guest address in common.</summary>
    internal bool Overlaps(MemoryRegion other) =>
        GuestAddress < other.GuestAddress + other.Size && other.GuestAddress < GuestAddress + Size;

    /// <summary>Called when the last reference is released and the region unmapped.</summary>
    internal Action? Released { get; set; }

    internal void Acquire() => _references++;

    internal void Release()
    {
        if (--_references == 0)
        {
            _mapping.Dispose();
            Descriptor.Dispose();
            Released?.Invoke();
        }
    }

    /// <summary>For logs.</summary>
    public override string ToString() => $"guest 0x{GuestAddress:x}+0x{Size:x} at offset 0x{FileOffset:x} of inode {Inode}";
}
