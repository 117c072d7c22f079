namespace FbShare.Capture;

/// <summary>A picture could not be read or written; the message is one sentence for the user: what, why, what to do.</summary>
public sealed class CaptureException(string message, Exception? cause = null) : IOException(message, cause)
{
    /// <summary>Whether the picture library is missing, so that other pictures would fail too.</summary>
    public bool LacksLibrary { get; init; }
}
