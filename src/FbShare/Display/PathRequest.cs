namespace FbShare.Display;

/// <summary>What the user asked for.</summary>
/// <param name="Path">The path to take where it can be taken (<c>--path auto|udmabuf|mmap|copy</c>); null: the best that works.</param>
/// <param name="ZeroCopy">Which pictures may be shared as the guest's own pages (<c>--zero-copy blob|all|off</c>).</param>
public sealed record PathRequest(FramePath? Path = null, ZeroCopyPolicy ZeroCopy = ZeroCopyPolicy.Blob)
{
    /// <summary>The best path that works, for blobs.</summary>
    public static PathRequest Default { get; } = new();
}

/// <summary>Which pictures may be shared as the guest's own pages.</summary>
public enum ZeroCopyPolicy
{
    /// <summary>Blob resources, whose pages are the picture by definition.</summary>
    Blob,

    /// <summary>2D resources too: faster, but what is shown may be a frame not yet transferred (it may tear).</summary>
    All,

    /// <summary>None.</summary>
    Off,
}
