namespace FbShare.VirtioGpu;

/// <summary>What the device offers, and its limits.</summary>
public sealed record GpuOptions
{
    /// <summary>Outputs, 1 to 16.</summary>
    public int Outputs { get; init; } = 1;

    /// <summary>Each output's first size, in pixels.</summary>
    public int Width { get; init; } = 1280;

    /// <inheritdoc cref="Width"/>
    public int Height { get; init; } = 800;

    /// <summary>Offer guest blobs (VIRTIO_GPU_F_RESOURCE_BLOB).</summary>
    public bool Blob { get; init; } = true;

    /// <summary>Show 2D resources straight from their backing, too: faster, may tear.</summary>
    public bool ZeroCopy2D { get; init; }

    /// <summary>Fenced flushes per second and output; null: no limit.</summary>
    public double? RefreshHz { get; init; } = 60;

    /// <summary>How long a fenced flush may be held: Linux waits 50 ms for it (virtgpu_plane.c) and then goes on regardless. The rest is for hosts that wake this process late.</summary>
    internal TimeSpan LongestHold { get; init; } = TimeSpan.FromMilliseconds(40);

    /// <summary>The most host memory that the guest may use up, in bytes: for 2D resources (QEMU's max_hostmem), lists of pages and copies of
    /// its pictures.</summary>
    public long MaxHostBytes { get; init; } = 256L << 20;

    /// <summary>The most resources alive at once.</summary>
    public int MaxResources { get; init; } = 4096;
}
