using System.Diagnostics;

namespace FbShare.Cli.Probe;

/// <summary>Tries something in a process of its own, because it may crash or never return.</summary>
internal static class TrialProcess
{
    /// <summary>Runs <c>fbshare probe</c> with a hidden option.</summary>
    /// <returns>Its exit code, null if it did not end in time; and what it wrote.</returns>
    public static (int? ExitCode, string Said) Run(string option, TimeSpan patience)
    {
        using Process process = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, ["probe", option, "--quiet"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        _ = process.StandardError.ReadToEndAsync();
        Task<string> said = process.StandardOutput.ReadToEndAsync();
        if (!process.WaitForExit(patience))
        {
            process.Kill();
            return (null, "");
        }
        return (process.ExitCode, said.GetAwaiter().GetResult().Trim());
    }
}
