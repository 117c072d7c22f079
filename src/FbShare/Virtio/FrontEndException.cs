namespace FbShare.Virtio;

/// <summary>A front-end cannot be served any longer; the message says why.</summary>
internal sealed class FrontEndException(string message) : Exception(message);
