namespace FbShare.Cli.Viewer;

/// <summary>How a picture comes into the window.</summary>
/// <param name="Path">udmabuf, copy, or none.</param>
/// <param name="Reason">Why this way.</param>
/// <param name="Cure">What the user can do for a better one; empty where nothing.</param>
internal readonly record struct ShownPath(string Path, string Reason, string Cure);
