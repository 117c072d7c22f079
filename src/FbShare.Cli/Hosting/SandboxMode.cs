namespace FbShare.Cli.Hosting;

/// <summary>How a device is confined.</summary>
internal enum SandboxMode
{
    /// <summary>As far as the kernel and this build of the program can.</summary>
    Auto,

    /// <summary>Wholly, or it does not start.</summary>
    On,

    /// <summary>Not at all.</summary>
    Off,
}
