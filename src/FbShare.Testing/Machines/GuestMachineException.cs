namespace FbShare.Testing.Machines;

/// <summary>A machine could not be started, or ended; the message says what its programs said.</summary>
public sealed class GuestMachineException(string message, Exception? cause = null) : Exception(message, cause);
