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
}
