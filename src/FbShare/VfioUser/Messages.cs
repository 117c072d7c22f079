using System.Runtime.InteropServices;

namespace FbShare.VfioUser;

/// <summary>Commands (QEMU docs/interop/vfio-user.rst, "Commands").</summary>
internal enum Command : ushort
{
    Version = 1,
    DmaMap,
    DmaUnmap,
    DeviceGetInfo,
    DeviceGetRegionInfo,
    DeviceGetRegionIoFds,
    DeviceGetIrqInfo,
    DeviceSetIrqs,
    RegionRead,
    RegionWrite,
    DmaRead,
    DmaWrite,
    DeviceReset,
    RegionWriteMulti = 15,
}

/// <summary>Regions of a PCI device: its BARs from 0 on, then these (linux/vfio.h, VFIO_PCI_*_REGION_INDEX).</summary>
internal static class RegionIndex
{
    public const int Rom = 6;
    public const int Config = 7;

    /// <summary>With the legacy VGA region, which is not offered.</summary>
    public const int Count = 9;
}

/// <summary>Interrupts of a PCI device (VFIO_PCI_*_IRQ_INDEX).</summary>
internal enum IrqIndex
{
    Intx,
    Msi,
    Msix,
    Error,
    Request,
    Count,
}

/// <summary>VFIO_IRQ_SET_*: what the data of SET_IRQS is, and what is done.</summary>
[Flags]
internal enum IrqSetFlags : uint
{
    DataNone = 1,
    DataBool = 2,
    DataEventFd = 4,
    Mask = 8,
    Unmask = 16,
    Trigger = 32,
    Data = DataNone | DataBool | DataEventFd,
    Action = Mask | Unmask | Trigger,
}

/// <summary>The wire's structures (little endian, packed).</summary>
internal static class Messages
{
    public const int HeaderSize = 16;

    public const uint TypeMask = 0xf;
    public const uint TypeRequest = 0;
    public const uint TypeReply = 1;
    public const uint NoReply = 0x10;
    public const uint Error = 0x20;

    public const ushort Major = 0;
    public const ushort Minor = 0;

    /// <summary>The most bytes that one REGION_READ or REGION_WRITE moves; the protocol's own default.</summary>
    public const int MaxTransfer = 1 << 20;

    /// <summary>The longest payload there can be: a REGION_WRITE of the most data.</summary>
    public const int MaxPayload = MaxTransfer + 16;

    public const uint DmaWritable = 2;
    public const uint DmaUnmapAll = 2;

    public const uint DeviceFlagReset = 1;
    public const uint DeviceFlagPci = 2;

    public const uint RegionFlagRead = 1;
    public const uint RegionFlagWrite = 2;
    public const uint RegionFlagMmap = 4;

    public const uint IrqFlagEventFd = 1;
    public const uint IrqFlagMaskable = 2;
    public const uint IrqFlagAutoMasked = 4;

    /// <summary>Bytes of an element of REGION_WRITE_MULTI, and of the data in it.</summary>
    public const int MultiElementSize = 24;
    public const int MultiDataSize = 8;

    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    public struct Header
    {
        public ushort Id;
        public ushort Command;

        /// <summary>Of the whole message.</summary>
        public uint Size;
        public uint Flags;
        public uint ErrorNumber;
    }

    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    public struct Version
    {
        public ushort Major;
        public ushort Minor;
    }

    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    public struct DmaMap
    {
        public uint ArgSize;
        public uint Flags;
        public ulong Offset;
        public ulong Address;
        public ulong Size;
    }

    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    public struct DmaUnmap
    {
        public uint ArgSize;
        public uint Flags;
        public ulong Address;
        public ulong Size;
    }

    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    public struct DeviceInfo
    {
        public uint ArgSize;
        public uint Flags;
        public uint RegionCount;
        public uint IrqCount;
    }

    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    public struct RegionInfo
    {
        public uint ArgSize;
        public uint Flags;
        public uint Index;
        public uint CapabilityOffset;
        public ulong Size;
        public ulong Offset;
    }

    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    public struct IrqInfo
    {
        public uint ArgSize;
        public uint Flags;
        public uint Index;
        public uint Count;
    }

    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    public struct IrqSet
    {
        public uint ArgSize;
        public uint Flags;
        public uint Index;
        public uint Start;
        public uint Count;
    }

    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    public struct RegionAccess
    {
        public ulong Offset;
        public uint Region;
        public uint Count;
    }
}
