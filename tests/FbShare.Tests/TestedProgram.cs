namespace FbShare.Tests;

/// <summary>The fbshare that tests run as a process.</summary>
internal static class TestedProgram
{
    /// <summary>The published one that FBSHARE_PROGRAM names, as tools/test.sh does; without it the built one beside the tests.</summary>
    public static string Path { get; } = Environment.GetEnvironmentVariable("FBSHARE_PROGRAM") ?? System.IO.Path.Combine(AppContext.BaseDirectory, "fbshare");
}
