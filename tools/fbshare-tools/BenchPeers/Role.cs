namespace FbShare.Tools.BenchPeers;

/// <summary>What a process is in a case.</summary>
internal enum Role
{
    Qemu,

    /// <summary>The virtio-gpu, where it is not in QEMU.</summary>
    Device,

    /// <summary>Who looks.</summary>
    Viewer,

    /// <summary>The X server.</summary>
    X,
}
