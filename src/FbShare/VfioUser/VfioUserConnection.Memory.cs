using System.Runtime.InteropServices;
using FbShare.Linux;
using FbShare.Memory;

namespace FbShare.VfioUser;

/// <content>The guest's memory: DMA_MAP and DMA_UNMAP. The client maps all of it anew at every reset, so what is kept of it is keyed by
/// file and offset, not by mapping.</content>
internal sealed partial class VfioUserConnection
{
    private const int MaxRegions = 1024;

    private const string Cure = "-object memory-backend-memfd,id=mem,size=...,share=on -machine memory-backend=mem (seal=on is its default)";

    private bool _hasMemory;
    private bool _warned;

    private Errno DmaMap(ReadOnlySpan<byte> request)
    {
        if (!MemoryMarshal.TryRead(request, out Messages.DmaMap map))
        {
            return Errno.EINVAL;
        }
        if (_channel.TakeDescriptor() is not { } fd)
        {
            return MapWithout(map);
        }
        if (Memory.Regions.Count >= MaxRegions)
        {
            fd.Dispose();
            return Errno.ENOSPC;
        }
        try
        {
            if (fd.GetSeals()?.HasFlag(MemFdSeals.Shrink) != true)
            {
                fd.Dispose();
                // A page that is cut off while it is read or written would end this process (SIGBUS).
                throw new GuestMemoryException($"it must be sealed against shrinking: use {Cure}, not memory-backend-file or memory-backend-shm");
            }
            // Rings are named by guest addresses here, so the client's address of a region is its guest address.
            MemoryRegion region = Memory.MapOrReuse(fd, map.Address, map.Size, map.Address, map.Offset);
            if (IsRepeated && Memory.Regions.Contains(region))
            {
                region.Release();
            }
            else
            {
                Memory.Add(region);
            }
            _hasMemory = true;
            return Errno.None;
        }
        catch (GuestMemoryException e)
        {
            Log.MemoryRefused(e.Message);
            return Errno.EINVAL;
        }
        catch (LinuxException e)
        {
            Log.MemoryRefused(e.Message);
            return e.Errno;
        }
    }

    /// <summary>Memory without a file. The guest's own memory comes first and decides; later memory without a file belongs to firmware or to
    /// another device, and a GPU need not reach it.</summary>
    private Errno MapWithout(in Messages.DmaMap map)
    {
        if (_hasMemory || (map.Flags & Messages.DmaWritable) == 0)
        {
            return Errno.None;
        }
        if (!_warned)
        {
            _warned = true;
            Log.MemoryWithoutFile(map.Size, map.Address, Cure);
        }
        return Errno.EOPNOTSUPP;
    }

    private Errno DmaUnmap(ReadOnlySpan<byte> request)
    {
        if (!MemoryMarshal.TryRead(request, out Messages.DmaUnmap unmap) || (unmap.Flags & ~Messages.DmaUnmapAll) != 0)
        {
            // This device keeps no dirty bitmap.
            return Errno.EINVAL;
        }
        if ((unmap.Flags & Messages.DmaUnmapAll) != 0)
        {
            Memory.Clear();
        }
        else if (unmap.Size == 0 || unmap.Address > ulong.MaxValue - unmap.Size || !TryRemove(unmap.Address, unmap.Size))
        {
            return Errno.EINVAL;
        }
        _channel.Append(in unmap);
        return Errno.None;
    }

    /// <summary>Removes the regions in a range; false if one is only partly in it. A range may hold no region at all, because firmware's memory is never taken in.</summary>
    private bool TryRemove(ulong address, ulong size)
    {
        foreach (MemoryRegion region in Memory.Regions)
        {
            bool apart = region.GuestAddress >= address + size || address >= region.GuestAddress + region.Size;
            bool inside = region.GuestAddress >= address && region.Size <= size && region.GuestAddress - address <= size - region.Size;
            if (!apart && !inside)
            {
                return false;
            }
        }
        for (int i = Memory.Regions.Count - 1; i >= 0; i--)
        {
            MemoryRegion region = Memory.Regions[i];
            if (region.GuestAddress >= address && region.GuestAddress < address + size)
            {
                Memory.Remove(region.GuestAddress, region.Size, region.UserAddress);
            }
        }
        return true;
    }
}
