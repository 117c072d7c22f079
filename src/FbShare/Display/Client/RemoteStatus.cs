namespace FbShare.Display.Client;

/// <summary>What a device of ours says of an output (org.fbshare.Display1.Console); empty where it does not apply.</summary>
/// <param name="IsKnown">Whether the server says any of it.</param>
/// <param name="ResourceKind">blob or 2d.</param>
/// <param name="Path">udmabuf, mmap or copy.</param>
/// <param name="Reason">Why this path.</param>
/// <param name="Cure">What would make a better one work.</param>
public sealed record RemoteStatus(bool IsKnown, string ResourceKind, string Path, string Reason, string Cure)
{
    /// <summary>Nothing is known.</summary>
    public static RemoteStatus Unknown { get; } = new(false, "", "", "", "");
}
