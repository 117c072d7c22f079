namespace FbShare.Rig.Driver;

/// <summary>Feature bits as a driver acknowledges them: the transport's (virtio 1.3, section 6), the GPU's (5.7.3), vhost-user's own.</summary>
[Flags]
internal enum FeatureBits : ulong
{
    None = 0,

    /// <summary>VIRTIO_GPU_F_EDID.</summary>
    Edid = 1UL << 1,

    /// <summary>VIRTIO_GPU_F_RESOURCE_BLOB.</summary>
    ResourceBlob = 1UL << 3,

    /// <summary>VIRTIO_F_INDIRECT_DESC.</summary>
    IndirectDescriptors = 1UL << 28,

    /// <summary>VIRTIO_F_EVENT_IDX.</summary>
    EventIndex = 1UL << 29,

    /// <summary>VHOST_USER_F_PROTOCOL_FEATURES.</summary>
    ProtocolFeatures = 1UL << 30,

    /// <summary>VIRTIO_F_VERSION_1.</summary>
    Version1 = 1UL << 32,

    /// <summary>VIRTIO_F_RING_RESET.</summary>
    RingReset = 1UL << 40,
}
