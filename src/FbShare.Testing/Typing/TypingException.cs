namespace FbShare.Testing.Typing;

/// <summary>Something cannot be typed or pointed at; the message is one sentence for the user: what, why, what to do.</summary>
public sealed class TypingException(string message, Exception? cause = null) : Exception(message, cause)
{
    /// <summary>Whether the host lacks libxkbcommon or its data, so that nothing can be typed.</summary>
    public bool LacksLibrary { get; init; }

    /// <summary>Whether the words make no sense: no such layout, key or escape.</summary>
    public bool IsMistake { get; init; }
}
