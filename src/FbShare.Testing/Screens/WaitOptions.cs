namespace FbShare.Testing.Screens;

/// <summary>How to wait for a screen.</summary>
public sealed record WaitOptions
{
    /// <summary>How long by default.</summary>
    public static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(30);

    /// <summary>When to give up.</summary>
    public TimeSpan Timeout { get; init; } = DefaultTimeout;

    /// <summary>Where to look; an area of a needle is not moved or cut by it.</summary>
    public ScreenRegion Region { get; init; } = ScreenRegion.All;

    /// <summary>Whether a failure's pictures are written to files. They are in the exception in any case.</summary>
    public bool WritesFailureFiles { get; init; } = true;

    /// <summary>Where pictures of a failure go: FILE.actual.png, FILE.expected.png and FILE.diff.png. Null: a new folder in the system's one for
    /// temporary files.</summary>
    public string? FailureFiles { get; init; }
}
