namespace FbShare.Display.Client;

/// <summary>How a display was lost.</summary>
/// <param name="Kind">Who ended it.</param>
/// <param name="Reason">In a sentence for the user.</param>
public sealed record DisplayLoss(DisplayLossKind Kind, string Reason);

/// <summary>Who ended the connection to a display.</summary>
public enum DisplayLossKind
{
    /// <summary>It ended, or it disconnected this client: it may come back.</summary>
    Gone,

    /// <summary>It broke the protocol, and this client disconnected.</summary>
    Broken,
}
