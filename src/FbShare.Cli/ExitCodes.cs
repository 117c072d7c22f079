namespace FbShare.Cli;

/// <summary>What the program's exit status says; the README lists the same. <c>run</c> ends with QEMU's own.</summary>
internal static class ExitCodes
{
    public const int Success = 0;

    /// <summary>It was tried and failed.</summary>
    public const int Failure = 1;

    /// <summary>The command line does not make sense.</summary>
    public const int Usage = 2;

    /// <summary>What was waited for did not come in time.</summary>
    public const int Timeout = 3;

    /// <summary>This host or its QEMU lacks something that is needed.</summary>
    public const int Unfit = 4;

    /// <summary>A socket cannot be reached, or is taken.</summary>
    public const int Unreachable = 5;

    /// <summary>The picture does not match.</summary>
    public const int Mismatch = 6;

    /// <summary>A defect of this program.</summary>
    public const int Internal = 70;

    /// <summary>Ended by Ctrl-C (128 + SIGINT).</summary>
    public const int Interrupted = 130;

    /// <summary>What each means to a user; the README has the same table.</summary>
    public static IReadOnlyList<(string Status, string Meaning)> Table { get; } =
    [
        ("0", "done"),
        ("1", "it failed"),
        ("2", "the command line does not make sense"),
        ("3", "it waited for something that did not come in time"),
        ("4", "the host, its QEMU or the QEMU arguments lack something that is needed"),
        ("5", "a socket cannot be reached, or is in use"),
        ("6", "match: the picture does not match"),
        ("70", "an error in FbShare itself (FBSHARE_DEBUG=1 shows where)"),
        ("128 + N", "ended by signal N (130: Ctrl-C, 143: SIGTERM)"),
        ("from run", "QEMU's own, once QEMU has started"),
    ];
}
