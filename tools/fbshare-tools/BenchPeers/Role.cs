namespace FbShare.Tools.BenchPeers;

/// <summary>What a process does in a case.</summary>
internal enum Role
{
    Qemu,

    /// <summary>The virtio-gpu, if it is not in QEMU.</summary>
    Device,

    /// <summary>The program that shows or reads the guest's screen.</summary>
    Viewer,

    /// <summary>The X server.</summary>
    X,
}
