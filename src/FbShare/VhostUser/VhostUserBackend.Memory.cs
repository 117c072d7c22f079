using System.Runtime.InteropServices;
using FbShare.Linux;
using FbShare.Memory;

namespace FbShare.VhostUser;

/// <content>The guest's memory: SET_MEM_TABLE and ADD_MEM_REG.</content>
public sealed partial class VhostUserBackend
{
    private string? SetMemTable()
    {
        var table = Read<Messages.MemoryTableHeader>();
        int size = Marshal.SizeOf<Messages.MemoryTableHeader>() + ((int)Math.Min(table.RegionCount, Messages.MaxMemTableRegions) * Marshal.SizeOf<Messages.Region>());
        if (table.RegionCount > Messages.MaxMemTableRegions || _channel.Payload.Length < size || _channel.Descriptors.Count != table.RegionCount)
        {
            throw new VhostUserException($"a memory table of {table.RegionCount} regions with {_channel.Payload.Length} bytes and {_channel.Descriptors.Count} descriptors");
        }
        ReadOnlySpan<Messages.Region> regions = MemoryMarshal.Cast<byte, Messages.Region>(_channel.Payload[Marshal.SizeOf<Messages.MemoryTableHeader>()..size]);
        var taken = new List<MemoryRegion>();
        try
        {
            foreach (Messages.Region region in regions)
            {
                taken.Add(_memory.MapOrReuse(_channel.TakeDescriptor()!, region.GuestAddress, region.Size, region.UserAddress, region.FileOffset));
            }
        }
        catch (Exception e) when (e is GuestMemoryException or LinuxException)
        {
            taken.ForEach(r => r.Release());
            return e.Message;
        }
        _memory.Clear();
        return AddAll(taken);
    }

    private string? AddAll(List<MemoryRegion> regions)
    {
        string? refusal = null;
        foreach (MemoryRegion region in regions)
        {
            try
            {
                _memory.Add(region);
                WarnOfSeals(region);
            }
            catch (GuestMemoryException e)
            {
                refusal = e.Message;
            }
        }
        return refusal;
    }

    private string? AddMemReg()
    {
        Messages.Region region = Read<Messages.SingleRegion>().Region;
        if (_channel.TakeDescriptor() is not { } fd)
        {
            return "a region without a descriptor";
        }
        try
        {
            return AddAll([MemoryRegion.Map(fd, region.GuestAddress, region.Size, region.UserAddress, region.FileOffset)]);
        }
        catch (Exception e) when (e is GuestMemoryException or LinuxException)
        {
            return e.Message;
        }
    }

    private void WarnOfSeals(MemoryRegion region)
    {
        if (region.Seals?.HasFlag(MemFdSeals.Shrink) != true)
        {
            _log($"guest memory {region} is not sealed against shrinking: zero copy is off for it; use memory-backend-memfd,share=on (seal=on is its default)");
        }
    }
}
