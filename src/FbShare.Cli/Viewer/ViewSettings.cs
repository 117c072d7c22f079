namespace FbShare.Cli.Viewer;

/// <summary>What the user asked of the viewer.</summary>
/// <param name="Smooth">Mix pixels when scaling.</param>
/// <param name="Copy">Begin with the copy path.</param>
/// <param name="Reconnect">Wait for a lost display to come back.</param>
internal sealed record ViewSettings(ScaleMode Scale, bool Smooth, bool Fullscreen, bool Hud, bool Copy, bool Reconnect, HotKeys HotKeys);
