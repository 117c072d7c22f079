namespace FbShare.Testing.Text;

/// <summary>A screen's text cannot be read; the message is one sentence for the user: what, why, what to do.</summary>
public sealed class TextException(string message, Exception? cause = null) : IOException(message, cause)
{
    /// <summary>Whether the program for such screens is not installed.</summary>
    public bool LacksProgram { get; init; }
}
