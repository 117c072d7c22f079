namespace FbShare.Cli.Viewer;

/// <summary>How a picture comes into the window.</summary>
/// <param name="Path">udmabuf, copy, or none; and whether drawing is saved, too.</param>
/// <param name="Reason">Why this way.</param>
/// <param name="Cure">What the user can do for a better one; empty where nothing.</param>
internal readonly record struct ShownPath(string Path, string Reason, string Cure)
{
    /// <summary>By copying.</summary>
    /// <param name="local">What is in the way here, in the window's own driver; null if nothing. Then the display's cure would not help.</param>
    /// <param name="told">The display's reason.</param>
    /// <param name="cure">The display's cure.</param>
    public static ShownPath ByCopying(string? local, string told, string cure) =>
        local is null ? new ShownPath("copy", told, cure) : new ShownPath("copy", local, "");
}
