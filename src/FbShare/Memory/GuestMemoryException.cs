namespace FbShare.Memory;

/// <summary>A front-end described guest memory that cannot be: the message names the bad numbers.</summary>
public sealed class GuestMemoryException(string message) : Exception(message);
