namespace FbShare.Cli.Viewer;

/// <summary>What the user asked of the viewer.</summary>
/// <param name="Smooth">Smooth a scaled picture.</param>
/// <param name="Copy">Start with copied pictures.</param>
/// <param name="Reconnect">Wait for a lost display to come back.</param>
internal sealed record ViewSettings(WindowScale Scale, bool Smooth, bool Fullscreen, bool Hud, bool Copy, bool Reconnect, HotKeys HotKeys)
{
    /// <summary>SDL's name of the only window system that is tried; null: any.</summary>
    public string? Video { get; init; }

    /// <summary>Nothing that the user does reaches the guest.</summary>
    public bool ViewOnly { get; init; }

    /// <summary>What draws the windows.</summary>
    public Renderer Renderer { get; init; }
}
