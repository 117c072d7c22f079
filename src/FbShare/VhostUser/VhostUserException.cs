namespace FbShare.VhostUser;

/// <summary>A front-end sent what the specification forbids; the message says what.</summary>
public sealed class VhostUserException(string message) : Exception(message);
