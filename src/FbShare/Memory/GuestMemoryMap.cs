using FbShare.Linux;

namespace FbShare.Memory;

/// <summary>The guest memory map: which guest physical addresses are which bytes of which file.</summary>
/// <remarks>Owned by one device loop; not for several threads.</remarks>
public sealed unsafe class GuestMemoryMap : IDisposable
{
    /// <summary>The most memory mapped at once, removed regions that resources still read included: a quarter of the address space, so that
    /// a front-end cannot take it all. The largest machines have half of it.</summary>
    private const ulong MostMapped = 1UL << 45;

    private readonly List<MemoryRegion> _regions = [];
    private ulong _mapped;

    /// <summary>The regions, without overlap, in no order.</summary>
    public IReadOnlyList<MemoryRegion> Regions => _regions;

    /// <summary>Counts changes, so that whoever keeps an address can tell that it may have moved.</summary>
    public int Generation { get; private set; }

    /// <summary>Takes in a region and its reference.</summary>
    /// <exception cref="GuestMemoryException">It overlaps one that is there; the region is released.</exception>
    public void Add(MemoryRegion region)
    {
        if (_regions.Find(region.Overlaps) is { } other)
        {
            region.Release();
            throw new GuestMemoryException($"region {region} overlaps {other}");
        }
        _regions.Add(region);
        Generation++;
    }

    /// <summary>Takes in regions and their references in the place of all that are there.</summary>
    /// <exception cref="GuestMemoryException">Two of them overlap; nothing was changed, and the references stay the caller's.</exception>
    public void Replace(IReadOnlyList<MemoryRegion> regions)
    {
        for (int i = 0; i < regions.Count; i++)
        {
            for (int j = 0; j < i; j++)
            {
                if (regions[i].Overlaps(regions[j]))
                {
                    throw new GuestMemoryException($"region {regions[i]} overlaps {regions[j]}");
                }
            }
        }
        Clear();
        _regions.AddRange(regions);
    }

    /// <summary>The region with these numbers over the same file that is here already, or a new mapping. A memory table that
    /// is sent again then costs nothing.</summary>
    /// <param name="fd">Owned from here on, also when this fails.</param>
    /// <returns>A reference for the caller, who gives it to <see cref="Add"/> or releases it.</returns>
    /// <exception cref="GuestMemoryException">The numbers overflow or lie outside the file, it can be shrunk under us, or it is too much.</exception>
    /// <exception cref="LinuxException">The file cannot be mapped.</exception>
    internal MemoryRegion MapOrReuse(FileDescriptor fd, ulong guestAddress, ulong size, ulong userAddress, ulong fileOffset)
    {
        FileStatus status;
        try
        {
            status = fd.GetStatus();
            if (fd.GetSeals()?.HasFlag(MemFdSeals.Shrink) != true)
            {
                // A page that is cut off while it is read or written ends the process (SIGBUS).
                throw new GuestMemoryException(
                    "guest memory must be sealed against shrinking: give QEMU -object memory-backend-memfd,share=on (its default is seal=on; hugetlb=on is fine), not memory-backend-file or memory-backend-shm");
            }
        }
        catch
        {
            fd.Dispose();
            throw;
        }
        MemoryRegion? same = _regions.Find(r => r.Device == status.Device && r.Inode == status.Inode && r.GuestAddress == guestAddress
            && r.Size == size && r.UserAddress == userAddress && r.FileOffset == fileOffset);
        if (same is not null)
        {
            fd.Dispose();
            same.Acquire();
            return same;
        }
        if (size > MostMapped - _mapped)
        {
            fd.Dispose();
            throw new GuestMemoryException($"a region of {size} bytes beside the {_mapped} that are mapped: {MostMapped >> 40} TiB is the most");
        }
        MemoryRegion region = MemoryRegion.Map(fd, guestAddress, size, userAddress, fileOffset);
        _mapped += size;
        region.Released = () => _mapped -= size;
        return region;
    }

    /// <summary>Takes out the region with just these numbers (VHOST_USER_REM_MEM_REG); false if there is none.</summary>
    public bool Remove(ulong guestAddress, ulong size, ulong userAddress)
    {
        int index = _regions.FindIndex(r => r.GuestAddress == guestAddress && r.Size == size && r.UserAddress == userAddress);
        if (index < 0)
        {
            return false;
        }
        _regions[index].Release();
        _regions.RemoveAt(index);
        Generation++;
        return true;
    }

    /// <summary>Takes out every region.</summary>
    public void Clear()
    {
        foreach (MemoryRegion region in _regions)
        {
            region.Release();
        }
        _regions.Clear();
        Generation++;
    }

    /// <summary>Where <paramref name="length"/> bytes of guest memory lie in this process, if in one region.</summary>
    /// <returns>Null if any of them is outside. Valid until the map changes.</returns>
    internal byte* Translate(ulong guestAddress, ulong length)
    {
        foreach (MemoryRegion region in _regions)
        {
            ulong offset = guestAddress - region.GuestAddress;
            if (guestAddress >= region.GuestAddress && offset < region.Size && length <= region.Size - offset)
            {
                return region.Pointer + offset;
            }
        }
        return null;
    }

    /// <summary>Like <see cref="Translate"/> for an address in the front-end's own terms (ring addresses).</summary>
    internal byte* TranslateUser(ulong userAddress, ulong length)
    {
        foreach (MemoryRegion region in _regions)
        {
            ulong offset = userAddress - region.UserAddress;
            if (userAddress >= region.UserAddress && offset < region.Size && length <= region.Size - offset)
            {
                return region.Pointer + offset;
            }
        }
        return null;
    }

    /// <summary>The region that holds a guest address; null if none does.</summary>
    internal MemoryRegion? Find(ulong guestAddress)
    {
        foreach (MemoryRegion region in _regions)
        {
            if (guestAddress >= region.GuestAddress && guestAddress - region.GuestAddress < region.Size)
            {
                return region;
            }
        }
        return null;
    }

    public void Dispose() => Clear();
}
