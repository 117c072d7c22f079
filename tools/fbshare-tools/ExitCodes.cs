namespace FbShare.Tools;

/// <summary>What the commands end with.</summary>
internal static class ExitCodes
{
    public const int Good = 0;

    /// <summary>It was done, and the result is not as it should be.</summary>
    public const int Bad = 1;

    /// <summary>It could not be done, or the command line does not make sense.</summary>
    public const int NotDone = 2;

    /// <summary>Ctrl-C or SIGTERM.</summary>
    public const int Interrupted = 130;
}
