namespace FbShare.Display.Client;

/// <summary>How a display was lost.</summary>
/// <param name="Kind">Whose doing it was.</param>
/// <param name="Reason">In a sentence for the user.</param>
public sealed record DisplayLoss(DisplayLossKind Kind, string Reason);

/// <summary>Whose doing it was that a display was lost.</summary>
public enum DisplayLossKind
{
    /// <summary>It ended, or let go of this client: it may come back.</summary>
    Gone,

    /// <summary>It sent what makes no sense, and this client let go of it.</summary>
    Broken,
}
