namespace FbShare.Display.Server;

/// <summary>What the VM is called.</summary>
/// <param name="Name">For titles.</param>
/// <param name="Uuid">Zero where nobody gave it one.</param>
public sealed record VirtualMachineName(string Name, Guid Uuid);
