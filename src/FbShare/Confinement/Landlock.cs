using FbShare.Linux;

namespace FbShare.Confinement;

/// <summary>A second lock on files, by the kernel's own view of paths (landlock(7)).</summary>
internal static class Landlock
{
    /// <summary>How many file rights a version knows, from the first version on (LANDLOCK_ACCESS_FS_*).</summary>
    private static readonly int[] FileRights = [13, 14, 15, 15, 16];

    /// <summary>LANDLOCK_ACCESS_NET_BIND_TCP and CONNECT_TCP, since version 4.</summary>
    private const ulong NetRights = 3;

    /// <summary>LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET and SCOPE_SIGNAL, since version 6.</summary>
    private const ulong Scopes = 3;

    /// <summary>The version that the kernel has; 0 where it has none, or where it is switched off (lsm= on its command line).</summary>
    public static int Version => (int)Math.Max(0, LibC.syscall(LibC.SYS_landlock_create_ruleset, 0, 0, (nint)LibC.LANDLOCK_CREATE_RULESET_VERSION));

    /// <summary>Denies this thread, and all that it starts, every path, TCP, and signals to other processes.</summary>
    /// <exception cref="LinuxException">The kernel refused.</exception>
    public static unsafe void DenyAll(int version)
    {
        var rights = new LibC.LandlockRulesetAttr
        {
            handled_access_fs = (1UL << FileRights[Math.Clamp(version, 1, FileRights.Length) - 1]) - 1,
            handled_access_net = version >= 4 ? NetRights : 0,
            scoped = version >= 6 ? Scopes : 0,
        };
        // An older kernel refuses a larger structure only if what it does not know is not zero.
        // SAFETY: the kernel reads one landlock_ruleset_attr, the local.
        using var rules = new FileDescriptor((int)LinuxException.Check(
            LibC.syscall(LibC.SYS_landlock_create_ruleset, (nint)(&rights), sizeof(LibC.LandlockRulesetAttr), 0), "landlock_create_ruleset"));
        LinuxException.Check(LibC.syscall(LibC.SYS_landlock_restrict_self, rules.Number, 0, 0), "landlock_restrict_self");
    }
}
