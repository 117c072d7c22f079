namespace FbShare.Virtio;

/// <summary>Device-independent feature bits (virtio 1.3, section 6).</summary>
[Flags]
internal enum VirtioFeatures : ulong
{
    None = 0,
    IndirectDesc = 1UL << 28,
    EventIdx = 1UL << 29,
    Version1 = 1UL << 32,
    RingReset = 1UL << 40,
}
