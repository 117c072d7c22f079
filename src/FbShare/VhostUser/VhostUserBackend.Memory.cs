using System.Runtime.InteropServices;
using FbShare.Linux;
using FbShare.Memory;
using FbShare.Virtio;

namespace FbShare.VhostUser;

/// <content>The guest's memory: SET_MEM_TABLE, ADD_MEM_REG, REM_MEM_REG. A message that is refused changes nothing.</content>
internal sealed partial class VhostUserBackend
{
    private string? SetMemTable()
    {
        var table = Read<Messages.MemoryTableHeader>();
        int size = Marshal.SizeOf<Messages.MemoryTableHeader>() + ((int)Math.Min(table.RegionCount, Messages.MaxMemTableRegions) * Marshal.SizeOf<Messages.Region>());
        if (_channel.LostDescriptors)
        {
            return NoDescriptor;
        }
        if (table.RegionCount > Messages.MaxMemTableRegions || _channel.Payload.Length < size || _channel.Descriptors.Count != table.RegionCount)
        {
            throw new FrontEndException($"a memory table of {table.RegionCount} regions with {_channel.Payload.Length} bytes and {_channel.Descriptors.Count} descriptors");
        }
        ReadOnlySpan<Messages.Region> regions = MemoryMarshal.Cast<byte, Messages.Region>(_channel.Payload[Marshal.SizeOf<Messages.MemoryTableHeader>()..size]);
        var taken = new List<MemoryRegion>();
        try
        {
            foreach (Messages.Region region in regions)
            {
                taken.Add(Map(_channel.TakeDescriptor()!, region));
            }
            Memory.Replace(taken);
            return null;
        }
        catch (Exception e) when (e is GuestMemoryException or LinuxException)
        {
            taken.ForEach(r => r.Release());
            return e.Message;
        }
    }

    private string? AddMemReg()
    {
        Messages.Region region = Read<Messages.SingleRegion>().Region;
        if (_channel.TakeDescriptor() is not { } fd)
        {
            return NoDescriptor;
        }
        if (Memory.Regions.Count >= MaxMemSlots)
        {
            fd.Dispose();
            return $"there are {MaxMemSlots} regions already, as many as GET_MAX_MEM_SLOTS allows";
        }
        try
        {
            MemoryRegion mapped = Map(fd, region);
            if (IsRepeated && Memory.Regions.Contains(mapped))
            {
                mapped.Release();
            }
            else
            {
                Memory.Add(mapped);
            }
            return null;
        }
        catch (Exception e) when (e is GuestMemoryException or LinuxException)
        {
            return e.Message;
        }
    }

    private MemoryRegion Map(FileDescriptor fd, Messages.Region region) =>
        Memory.MapOrReuse(fd, region.GuestAddress, region.Size, region.UserAddress, region.FileOffset);

    private string? RemMemReg()
    {
        Messages.Region gone = Read<Messages.SingleRegion>().Region;
        return Memory.Remove(gone.GuestAddress, gone.Size, gone.UserAddress) || IsRepeated ? null : $"no region at guest address 0x{gone.GuestAddress:x}";
    }
}
