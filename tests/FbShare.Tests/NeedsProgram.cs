using Xunit;

namespace FbShare.Tests;

/// <summary>A theory that needs a program in PATH; without it the test is skipped by that name.</summary>
public sealed class NeedsProgramTheoryAttribute : TheoryAttribute
{
    public NeedsProgramTheoryAttribute(string program)
    {
        string[] folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':');
        if (!folders.Any(folder => File.Exists(Path.Combine(folder, program))))
        {
            Skip = program;
        }
    }
}
