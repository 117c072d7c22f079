namespace FbShare.Display.Client;

/// <summary>A display could not be reached or was lost; the message is one sentence for the user: what, why, what to do.</summary>
public sealed class DisplayException(string message, Exception? cause = null, DisplayLossKind kind = DisplayLossKind.Gone) : IOException(message, cause)
{
    /// <summary>Whether nothing usable is there, or something that sends what makes no sense.</summary>
    public DisplayLossKind Kind { get; } = kind;
}
