namespace FbShare.Testing.Recording;

/// <summary>A recording cannot begin or go on; the message is one sentence for the user: what, why, what is left, what to do.</summary>
public sealed class RecordingException(string message, Exception? cause = null) : IOException(message, cause)
{
    /// <summary>Whether the host lacks a program or library that this kind of file needs.</summary>
    public bool LacksProgram { get; init; }
}
