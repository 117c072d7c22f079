namespace FbShare.VhostUser;

/// <summary>What QEMU says of one of its consoles: whether it is there, and its size in pixels.</summary>
internal readonly record struct DisplaySize(bool Connected, int Width, int Height)
{
    /// <summary>As many as a virtio-gpu can have.</summary>
    public const int MaxOutputs = 16;
}
