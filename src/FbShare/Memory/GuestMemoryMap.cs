using System.Runtime.InteropServices;
using FbShare.Keeping;
using FbShare.Linux;

namespace FbShare.Memory;

/// <summary>The guest's memory: which guest physical addresses are which bytes of which file.</summary>
/// <remarks>Belongs to one device's loop; not thread-safe.</remarks>
public sealed class GuestMemoryMap : IDisposable
{
    /// <summary>How much memory may be mapped at once, including removed regions that resources still read: a quarter of this process's
    /// address space, so that a front-end cannot use it up. The largest machines have half as much.</summary>
    private const ulong MostMapped = 1UL << 45;

    private readonly List<MemoryRegion> _regions = [];
    private ulong _mapped;

    /// <summary>Keeps the regions for the device that goes on if this one dies; null for none.</summary>
    public Keeper? Keeper { get; init; }

    /// <summary>The regions, in no particular order. No two overlap.</summary>
    public IReadOnlyList<MemoryRegion> Regions => _regions;

    /// <summary>Counts the changes of the map. Pointers taken from it are valid as long as this number stays the same.</summary>
    public int Generation { get; private set; }

    /// <summary>Adds a region and takes over the caller's reference to it.</summary>
    /// <exception cref="GuestMemoryException">It overlaps another one. The reference is released.</exception>
    public void Add(MemoryRegion region)
    {
        if (_regions.Find(region.Overlaps) is { } other)
        {
            region.Release();
            throw new GuestMemoryException($"region {region} overlaps {other}");
        }
        _regions.Add(region);
        Generation++;
        Keep(region);
    }

    /// <summary>Takes over the regions that a device that died has left.</summary>
    /// <returns>Why one of them could not be taken over, in words; null if all were.</returns>
    internal string? Resume()
    {
        string? failure = null;
        foreach (ulong key in Keeper!.State.Records.Keys(DescriptorKind.Memory))
        {
            FileDescriptor? fd = Keeper.Take(DescriptorKind.Memory, KeptKey.NumberOf(key));
            if (fd is null || !Keeper.State.Records.TryGet(key, out ReadOnlySpan<byte> bytes) || !MemoryMarshal.TryRead(bytes, out Place place))
            {
                fd?.Dispose();
                failure = "its descriptor is missing";
                continue;
            }
            try
            {
                Add(MapOrReuse(fd, place.GuestAddress, place.Size, place.UserAddress, place.FileOffset));
            }
            catch (Exception e) when (e is GuestMemoryException or LinuxException)
            {
                failure = e.Message;
            }
        }
        return failure;
    }

    /// <summary>Replaces all regions by these and takes over the caller's references to them.</summary>
    /// <exception cref="GuestMemoryException">Two of them overlap. Nothing was changed, and the caller keeps the references.</exception>
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
        _regions.ForEach(Keep);
    }

    /// <summary>Returns the region with these numbers over the same file if the map has it already, or else maps it. So a memory table that
    /// is sent again costs nothing.</summary>
    /// <param name="fd">Owned from here on, also when this fails.</param>
    /// <returns>A reference that the caller passes to <see cref="Add"/> or releases.</returns>
    /// <exception cref="GuestMemoryException">The numbers overflow or lie outside the file, the file can be shrunk, or it is too much memory.</exception>
    /// <exception cref="LinuxException">The file cannot be mapped.</exception>
    internal MemoryRegion MapOrReuse(FileDescriptor fd, ulong guestAddress, ulong size, ulong userAddress, ulong fileOffset)
    {
        FileStatus status;
        try
        {
            status = fd.GetStatus();
            if (fd.GetSeals()?.HasFlag(MemFdSeals.Shrink) != true)
            {
                // If the file were shrunk, the next access to a page that is gone would end this process (SIGBUS).
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
            throw new GuestMemoryException($"a region of {size} bytes, with {_mapped} bytes mapped already, is more than the limit of {MostMapped >> 40} TiB");
        }
        MemoryRegion region = MemoryRegion.Map(fd, guestAddress, size, userAddress, fileOffset);
        _mapped += size;
        region.Released = () => _mapped -= size;
        return region;
    }

    /// <summary>Removes the region with exactly these numbers (VHOST_USER_REM_MEM_REG); false if there is none.</summary>
    public bool Remove(ulong guestAddress, ulong size, ulong userAddress)
    {
        int index = _regions.FindIndex(r => r.GuestAddress == guestAddress && r.Size == size && r.UserAddress == userAddress);
        if (index < 0)
        {
            return false;
        }
        KeepNoLonger(_regions[index]);
        _regions[index].Release();
        _regions.RemoveAt(index);
        Generation++;
        return true;
    }

    /// <summary>Removes every region.</summary>
    public void Clear()
    {
        foreach (MemoryRegion region in _regions)
        {
            KeepNoLonger(region);
            region.Release();
        }
        _regions.Clear();
        Generation++;
    }

    /// <summary>Where <paramref name="length"/> bytes of guest memory are in this process.</summary>
    /// <returns>Null if they are not all inside one region. Valid until the map changes.</returns>
    internal unsafe byte* Translate(ulong guestAddress, ulong length)
    {
        foreach (MemoryRegion region in _regions)
        {
            ulong offset = guestAddress - region.GuestAddress;
            if (guestAddress >= region.GuestAddress && offset < region.Size && length <= region.Size - offset)
            {
                // SAFETY: offset + length is inside the region, as just checked.
                return region.Pointer + offset;
            }
        }
        return null;
    }

    /// <summary>Like <see cref="Translate"/>, for an address in the front-end's own address space, as those of rings are.</summary>
    internal unsafe byte* TranslateUser(ulong userAddress, ulong length)
    {
        foreach (MemoryRegion region in _regions)
        {
            ulong offset = userAddress - region.UserAddress;
            if (userAddress >= region.UserAddress && offset < region.Size && length <= region.Size - offset)
            {
                // SAFETY: offset + length is inside the region, as just checked.
                return region.Pointer + offset;
            }
        }
        return null;
    }

    /// <summary>The region that holds a guest address; null if none does.</summary>
    internal MemoryRegion? Find(ulong guestAddress)
    {
        // As a span, because every descriptor comes through here.
        foreach (MemoryRegion region in CollectionsMarshal.AsSpan(_regions))
        {
            if (guestAddress >= region.GuestAddress && guestAddress - region.GuestAddress < region.Size)
            {
                return region;
            }
        }
        return null;
    }

    /// <summary>The same as <see cref="Clear"/>.</summary>
    public void Dispose() => Clear();

    /// <summary>A region's address is its key, because no two overlap.</summary>
    private void Keep(MemoryRegion region)
    {
        if (Keeper is not null && region.GuestAddress <= KeptKey.MaxNumber)
        {
            Keeper.Keep(DescriptorKind.Memory, region.GuestAddress, region.Descriptor);
            var place = new Place(region.GuestAddress, region.Size, region.UserAddress, region.FileOffset);
            Keeper.State.Records.Put(KeptKey.Of(DescriptorKind.Memory, region.GuestAddress), MemoryMarshal.AsBytes(new ReadOnlySpan<Place>(in place)));
        }
    }

    private void KeepNoLonger(MemoryRegion region)
    {
        if (Keeper is not null)
        {
            Keeper.State.Records.Delete(KeptKey.Of(DescriptorKind.Memory, region.GuestAddress));
            Keeper.Drop(DescriptorKind.Memory, region.GuestAddress);
        }
    }

    /// <summary>What is kept of a region beside its descriptor.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct Place(ulong GuestAddress, ulong Size, ulong UserAddress, ulong FileOffset);
}
