namespace FbShare.Capture;

/// <summary>A picture could not be read or written; the message is one sentence for the user: what, why, what to do.</summary>
public sealed class CaptureException(string message, Exception? cause = null) : IOException(message, cause)
{
    /// <summary>Whether it was for want of the picture library: no picture will do better.</summary>
    public bool LacksLibrary { get; init; }
}
