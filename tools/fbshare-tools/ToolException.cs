namespace FbShare.Tools;

/// <summary>Why a command cannot do its job: one sentence for its user.</summary>
internal sealed class ToolException(string message, Exception? cause = null) : Exception(message, cause);
