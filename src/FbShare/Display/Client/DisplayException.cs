namespace FbShare.Display.Client;

/// <summary>A display could not be reached or was lost; the message is one sentence for the user: what, why, what to do.</summary>
public sealed class DisplayException(string message, Exception? cause = null) : IOException(message, cause);
