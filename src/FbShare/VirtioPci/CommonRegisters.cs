using System.Runtime.InteropServices;

namespace FbShare.VirtioPci;

/// <summary>struct virtio_pci_common_cfg (virtio 1.3, section 4.1.4.3), 64 bytes.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1)]
internal struct CommonRegisters
{
    public const int DeviceFeatureSelectAt = 0x00;
    public const int DriverFeatureSelectAt = 0x08;
    public const int DriverFeatureAt = 0x0c;
    public const int ConfigVectorAt = 0x10;
    public const int DeviceStatusAt = 0x14;
    public const int QueueSelectAt = 0x16;
    public const int QueueSizeAt = 0x18;
    public const int QueueVectorAt = 0x1a;
    public const int QueueEnableAt = 0x1c;
    public const int QueueDescriptorsAt = 0x20;
    public const int QueueDriverAt = 0x28;
    public const int QueueDeviceAt = 0x30;
    public const int QueueResetAt = 0x3a;

    public uint DeviceFeatureSelect;
    public uint DeviceFeature;
    public uint DriverFeatureSelect;
    public uint DriverFeature;
    public ushort ConfigVector;
    public ushort QueueCount;
    public byte DeviceStatus;
    public byte ConfigGeneration;
    public ushort QueueSelect;
    public ushort QueueSize;
    public ushort QueueVector;
    public ushort QueueEnable;
    public ushort QueueNotifyOff;
    public ulong QueueDescriptors;
    public ulong QueueDriver;
    public ulong QueueDevice;
    public ushort QueueNotifyConfigData;
    public ushort QueueReset;
    public ushort AdminQueueIndex;
    public ushort AdminQueueCount;
}

/// <summary>device_status (section 2.1).</summary>
[Flags]
internal enum DeviceStatus : byte
{
    None = 0,
    Acknowledge = 1,
    Driver = 2,
    DriverOk = 4,
    FeaturesOk = 8,
    DeviceNeedsReset = 64,
    Failed = 128,
}
