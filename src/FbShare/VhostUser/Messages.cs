using System.Runtime.InteropServices;

namespace FbShare.VhostUser;

/// <summary>Front-end messages (QEMU docs/interop/vhost-user.rst, "Front-end message types").</summary>
internal enum FrontEndRequest : uint
{
    GetFeatures = 1,
    SetFeatures,
    SetOwner,
    ResetOwner,
    SetMemTable,
    SetLogBase,
    SetLogFd,
    SetVringNum,
    SetVringAddr,
    SetVringBase,
    GetVringBase,
    SetVringKick,
    SetVringCall,
    SetVringErr,
    GetProtocolFeatures,
    SetProtocolFeatures,
    GetQueueNum,
    SetVringEnable,
    SendRarp,
    NetSetMtu,
    SetBackendReqFd,
    IotlbMsg,
    SetVringEndian,
    GetConfig,
    SetConfig,
    CreateCryptoSession,
    CloseCryptoSession,
    PostcopyAdvise,
    PostcopyListen,
    PostcopyEnd,
    GetInflightFd,
    SetInflightFd,
    GpuSetSocket,
    ResetDevice,
    VringKick,
    GetMaxMemSlots,
    AddMemReg,
    RemMemReg,
    SetStatus,
    GetStatus,
}

/// <summary>Protocol feature bits (same document, "Protocol features").</summary>
[Flags]
internal enum ProtocolFeatures : ulong
{
    None = 0,
    MultiQueue = 1 << 0,
    ReplyAck = 1 << 3,
    BackendReq = 1 << 5,
    Config = 1 << 9,
    ResetDevice = 1 << 13,
    ConfigureMemSlots = 1 << 15,
    Status = 1 << 16,
}

/// <summary>The wire's structures (little endian, packed).</summary>
internal static class Messages
{
    public const uint Version = 1;
    public const uint VersionMask = 3;
    public const uint FlagReply = 4;
    public const uint FlagNeedReply = 8;
    public const ulong FeatureProtocolFeatures = 1UL << 30;
    public const uint BackendConfigChange = 2;

    /// <summary>The longest payload accepted: every message here is far shorter.</summary>
    public const int MaxPayload = 4096;

    public const int MaxMemTableRegions = 8;
    public const int MaxConfig = 256;
    public const ulong VringIndexMask = 0xff;
    public const ulong VringNoDescriptor = 0x100;

    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    public struct Header
    {
        public uint Request;
        public uint Flags;
        public uint Size;
    }

    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    public struct VringState
    {
        public uint Index;
        public uint Value;
    }

    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    public struct VringAddress
    {
        public uint Index;
        public uint Flags;
        public ulong Descriptors;
        public ulong Used;
        public ulong Available;
        public ulong Log;
    }

    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    public struct MemoryTableHeader
    {
        public uint RegionCount;
        public uint Padding;
    }

    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    public struct Region
    {
        public ulong GuestAddress;
        public ulong Size;
        public ulong UserAddress;
        public ulong FileOffset;
    }

    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    public struct SingleRegion
    {
        public ulong Padding;
        public Region Region;
    }

    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    public struct ConfigHeader
    {
        public uint Offset;
        public uint Size;
        public uint Flags;
    }
}
