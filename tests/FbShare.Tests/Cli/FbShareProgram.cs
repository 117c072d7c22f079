using System.Diagnostics;

namespace FbShare.Tests.Cli;

/// <summary>The program as a process of its own.</summary>
internal static class FbShareProgram
{
    /// <summary>Runs it to its end and takes what it wrote.</summary>
    public static (int ExitCode, string Output, string Error) Run(params string[] arguments)
    {
        using Process process = Start(arguments);
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        if (!process.WaitForExit(TimeSpan.FromSeconds(30)))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"fbshare {string.Join(' ', arguments)} did not end");
        }
        return (process.ExitCode, output, error.GetAwaiter().GetResult());
    }

    /// <summary>Starts it; the caller waits for it and disposes it.</summary>
    public static Process Start(params string[] arguments) => Start(arguments, []);

    /// <inheritdoc cref="Start(string[])"/>
    /// <param name="environment">Variables that it has besides.</param>
    public static Process Start(string[] arguments, params ReadOnlySpan<(string Name, string Value)> environment)
    {
        var info = new ProcessStartInfo(TestedProgram.Path, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach ((string name, string value) in environment)
        {
            info.Environment[name] = value;
        }
        return Process.Start(info)!;
    }
}
