namespace FbShare.Tools.BenchPeers;

/// <summary>What one run of a case showed.</summary>
/// <param name="Rate">Flips a second.</param>
/// <param name="PerFlip">Microseconds of CPU.</param>
/// <param name="Memory">Resident megabytes without what is shared (the guest's, above all).</param>
/// <param name="Latency">How late frames were in FbShare's window, in its words; null elsewhere.</param>
internal sealed record PeerRow(PeerCase Case, double Rate, RoleValues PerFlip, RoleValues Memory, string? Latency);
