namespace FbShare.Memory;

/// <summary>A front-end described guest memory that is impossible or unusable; the message names the numbers that are wrong.</summary>
public sealed class GuestMemoryException(string message) : Exception(message);
