namespace FbShare.VfioUser;

/// <summary>A client cannot be served any longer; the message says why.</summary>
internal sealed class VfioUserException(string message) : Exception(message);
