namespace FbShare.Tools.BenchPeers;

/// <summary>The programs that are compared, and the guest that they show.</summary>
/// <param name="Qemu">A QEMU with windows.</param>
/// <param name="FbSharePath">The fbshare program.</param>
/// <param name="GuestFolder">Where the guest's kernel, initramfs and command line lie.</param>
internal sealed record PeerPrograms(string Qemu, string FbSharePath, string GuestFolder)
{
    /// <summary>What a case's command line calls the fbshare program.</summary>
    public const string FbShare = "fbshare";

    /// <summary>What a case's command line calls QEMU's own vhost-user back-end.</summary>
    public const string VhostUserGpu = "vhost-user-gpu";

    /// <summary>Takes those that QEMU, FBSHARE and FBSHARE_GUEST or FBSHARE_DESKTOP name, and makes the others.</summary>
    /// <param name="hasDesktop">Whether the guest is to have a desktop.</param>
    public static async Task<PeerPrograms> FindAsync(bool hasDesktop, CancellationToken stop) => new(
        Named("QEMU") ?? await MadeByAsync("tools/peers", ["qemu"], stop),
        Named("FBSHARE") ?? await Repository.PublishFbShareAsync(stop),
        Path.GetFullPath(hasDesktop
            ? Named("FBSHARE_DESKTOP") ?? await MadeByAsync("tools/desktop/build", [], stop)
            : Named("FBSHARE_GUEST") ?? await MadeByAsync("tools/guest/build", [], stop)));

    /// <summary>The path of a case's program.</summary>
    public async Task<string> PathOfAsync(string program, CancellationToken stop) => program switch
    {
        FbShare => FbSharePath,
        VhostUserGpu => await MadeByAsync("tools/peers", [VhostUserGpu], stop),
        _ => program,
    };

    /// <summary>Absolute where it is a path, since cases run in folders of their own.</summary>
    private static string? Named(string variable) => Environment.GetEnvironmentVariable(variable) switch
    {
        null or "" => null,
        var path when path.Contains('/', StringComparison.Ordinal) => Path.GetFullPath(path),
        var name => name,
    };

    private static async Task<string> MadeByAsync(string script, string[] arguments, CancellationToken stop) =>
        (await Programs.OutputAsync(Repository.PathOf(script), arguments, stop)).Trim();
}
