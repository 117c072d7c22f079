using Xunit;

namespace FbShare.Tests;

/// <summary>A fact that needs a program in PATH; without it the test is skipped by that name.</summary>
public sealed class NeedsProgramFactAttribute : FactAttribute
{
    public NeedsProgramFactAttribute(string program) => Skip = NeedsProgram.SkipWithout(program);
}

/// <inheritdoc cref="NeedsProgramFactAttribute"/>
public sealed class NeedsProgramTheoryAttribute : TheoryAttribute
{
    public NeedsProgramTheoryAttribute(string program) => Skip = NeedsProgram.SkipWithout(program);
}

internal static class NeedsProgram
{
    public static string? SkipWithout(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, program))) ? null : program;
}
