namespace FbShare.Tools;

/// <summary>A command cannot do its job; the message is one sentence for its user.</summary>
internal sealed class ToolException(string message, Exception? cause = null) : Exception(message, cause);
