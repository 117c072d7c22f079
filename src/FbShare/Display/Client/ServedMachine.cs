namespace FbShare.Display.Client;

/// <summary>What a device of ours says of who serves it (org.fbshare.Display1.VM).</summary>
/// <param name="ProcessId">The process that a user started; zero if it is not said.</param>
/// <param name="Viewers">How many processes watch.</param>
public sealed record ServedMachine(uint ProcessId, uint Viewers);
