namespace FbShare.Cli.Scripts;

/// <summary>How a step went.</summary>
/// <param name="Failure">Why it failed, in sentences; null: it did not.</param>
/// <param name="ExitCode">What the command alone would have ended with.</param>
/// <param name="Output">What it printed.</param>
/// <param name="Files">What a failure left for people to look at.</param>
internal sealed record StepResult(ScriptStep Step, StepOutcome Outcome, TimeSpan Time, int ExitCode, string? Failure, string Output, IReadOnlyList<string> Files)
{
    public static StepResult Skip(ScriptStep step) => new(step, StepOutcome.Skipped, default, ExitCodes.Success, null, "", []);
}

internal enum StepOutcome
{
    Passed,
    Failed,

    /// <summary>A step before it failed.</summary>
    Skipped,
}
