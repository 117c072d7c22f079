namespace FbShare.Qemu;

/// <summary>A QEMU is missing, lacks something that is needed, or refused a command; the message is one sentence for the user.</summary>
public sealed class QemuException(string message, Exception? cause = null) : Exception(message, cause);
