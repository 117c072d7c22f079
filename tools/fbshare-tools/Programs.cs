using System.ComponentModel;
using System.Diagnostics;

namespace FbShare.Tools;

/// <summary>Other programs, by name and path.</summary>
internal static class Programs
{
    /// <summary>Whether PATH has it.</summary>
    public static bool IsHere(string name) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, name)));

    /// <summary>Starts a program.</summary>
    /// <exception cref="ToolException">It is not there or cannot be run.</exception>
    public static Process Start(ProcessStartInfo program)
    {
        try
        {
            return Process.Start(program)!;
        }
        catch (Win32Exception e)
        {
            throw new ToolException($"{program.FileName} cannot be started: {e.Message}", e);
        }
    }

    /// <summary>Runs a program to its end and takes its output; its error output is this program's.</summary>
    public static async Task<(int ExitCode, string Output)> RunAsync(ProcessStartInfo program, CancellationToken stop)
    {
        program.RedirectStandardOutput = true;
        using Process process = Start(program);
        await using CancellationTokenRegistration end = stop.Register(() => process.Kill(entireProcessTree: true));
        string output = await process.StandardOutput.ReadToEndAsync(stop);
        await process.WaitForExitAsync(stop);
        return (process.ExitCode, output);
    }

    /// <summary>Runs a program that must succeed.</summary>
    /// <returns>Its output.</returns>
    /// <exception cref="ToolException">It ended otherwise.</exception>
    public static async Task<string> OutputAsync(string program, string[] arguments, CancellationToken stop)
    {
        (int exitCode, string output) = await RunAsync(new ProcessStartInfo(program, arguments), stop);
        return exitCode == 0 ? output : throw new ToolException($"{program} {string.Join(' ', arguments)} ended with {exitCode}: {output}".TrimEnd());
    }
}
