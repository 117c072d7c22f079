using System.Buffers.Binary;
using System.Runtime.InteropServices;
using FbShare.Linux;
using FbShare.Pci;

namespace FbShare.VfioUser;

/// <content>Regions: what they are, reads and writes.</content>
internal sealed partial class VfioUserConnection
{
    private static readonly int AccessSize = Marshal.SizeOf<Messages.RegionAccess>();

    /// <summary>Bytes of a region; 0 where the device has none of this number.</summary>
    private int RegionSize(uint region) => region switch
    {
        RegionIndex.Rom => _function.Rom.Length,
        RegionIndex.Config => PciConfigSpace.Size,
        < PciConfigSpace.BarCount => _function.GetBar((int)region)?.Size ?? 0,
        _ => 0,
    };

    private Errno GetRegionInfo(ReadOnlySpan<byte> request, out FileDescriptor? descriptor)
    {
        descriptor = null;
        if (!MemoryMarshal.TryRead(request, out Messages.RegionInfo info) || info.ArgSize < Marshal.SizeOf<Messages.RegionInfo>() || info.Index >= RegionIndex.Count)
        {
            return Errno.EINVAL;
        }
        int size = RegionSize(info.Index);
        uint flags = size == 0 ? 0 : info.Index == RegionIndex.Rom ? Messages.RegionFlagRead : Messages.RegionFlagRead | Messages.RegionFlagWrite;
        descriptor = info.Index < PciConfigSpace.BarCount ? _function.GetBar((int)info.Index)?.Memory : null;
        _channel.Append(new Messages.RegionInfo
        {
            ArgSize = (uint)Marshal.SizeOf<Messages.RegionInfo>(),
            Flags = flags | (descriptor is null ? 0 : Messages.RegionFlagMmap),
            Index = info.Index,
            Size = (ulong)size,
        });
        return Errno.None;
    }

    private Errno RegionRead(ReadOnlySpan<byte> request)
    {
        if (!MemoryMarshal.TryRead(request, out Messages.RegionAccess access) || !IsInside(access))
        {
            return Errno.EINVAL;
        }
        _channel.Append(in access);
        Span<byte> data = _channel.Append((int)access.Count);
        switch (access.Region)
        {
            case RegionIndex.Config:
                _function.ReadConfig((int)access.Offset, data);
                break;
            case RegionIndex.Rom:
                _function.Rom.Span.Slice((int)access.Offset, data.Length).CopyTo(data);
                break;
            default:
                _function.GetBar((int)access.Region)!.Read((long)access.Offset, data);
                break;
        }
        return Errno.None;
    }

    private Errno RegionWrite(ReadOnlySpan<byte> request)
    {
        if (!MemoryMarshal.TryRead(request, out Messages.RegionAccess access) || request.Length - AccessSize != access.Count || !IsWritable(access))
        {
            return Errno.EINVAL;
        }
        Write(access, request[AccessSize..]);
        _channel.Append(in access);
        return Errno.None;
    }

    /// <summary>All writes are checked before the first one is done.</summary>
    private Errno RegionWriteMulti(ReadOnlySpan<byte> request)
    {
        if (!BinaryPrimitives.TryReadUInt64LittleEndian(request, out ulong count) || count > Messages.MaxPayload / Messages.MultiElementSize
            || request.Length - sizeof(ulong) != (int)count * Messages.MultiElementSize)
        {
            return Errno.EINVAL;
        }
        ReadOnlySpan<byte> elements = request[sizeof(ulong)..];
        for (ReadOnlySpan<byte> rest = elements; rest.Length > 0; rest = rest[Messages.MultiElementSize..])
        {
            var access = MemoryMarshal.Read<Messages.RegionAccess>(rest);
            if (access.Count > Messages.MultiDataSize || !IsWritable(access))
            {
                return Errno.EINVAL;
            }
        }
        for (ReadOnlySpan<byte> rest = elements; rest.Length > 0; rest = rest[Messages.MultiElementSize..])
        {
            var access = MemoryMarshal.Read<Messages.RegionAccess>(rest);
            Write(access, rest.Slice(AccessSize, (int)access.Count));
        }
        _channel.Append(in count);
        return Errno.None;
    }

    private void Write(in Messages.RegionAccess access, ReadOnlySpan<byte> data)
    {
        if (access.Region == RegionIndex.Config)
        {
            _function.WriteConfig((int)access.Offset, data);
        }
        else
        {
            _function.GetBar((int)access.Region)!.Write((long)access.Offset, data);
        }
    }

    private bool IsWritable(in Messages.RegionAccess access) => access.Region != RegionIndex.Rom && IsInside(access);

    private bool IsInside(in Messages.RegionAccess access)
    {
        ulong size = (ulong)RegionSize(access.Region);
        return access.Count is > 0 and <= Messages.MaxTransfer && access.Offset < size && access.Count <= size - access.Offset;
    }
}
