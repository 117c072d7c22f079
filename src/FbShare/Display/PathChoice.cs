namespace FbShare.Display;

/// <summary>How a scanout reaches a consumer.</summary>
public enum FramePath
{
    /// <summary>Zero copy: a dma-buf over the guest's own pages.</summary>
    Udmabuf,

    /// <summary>The dma-buf mapped and read between DMA_BUF_IOCTL_SYNC START and END.</summary>
    Mmap,

    /// <summary>Guest memory mapped, damaged rows copied.</summary>
    Copy,

    /// <summary>It does not reach the consumer: there is no memory for a copy.</summary>
    None,
}

/// <summary>A path and why it was taken.</summary>
/// <param name="Path">The path.</param>
/// <param name="Reason">Why this one, as the rest of a sentence after "because".</param>
/// <param name="Cure">What the user can do for a better path; null where nothing needs doing.</param>
public sealed record PathChoice(FramePath Path, string Reason, string? Cure = null)
{
    /// <summary>In words, for messages.</summary>
    public override string ToString() => Cure is null
        ? $"{Path.ToString().ToLowerInvariant()} ({Reason})"
        : $"{Path.ToString().ToLowerInvariant()} ({Reason}; cure: {Cure})";
}
