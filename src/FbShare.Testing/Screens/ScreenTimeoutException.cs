using FbShare.Capture;

namespace FbShare.Testing.Screens;

/// <summary>A screen did not show in time what was waited for. The message says what was there instead and where pictures of it are.</summary>
public sealed class ScreenTimeoutException : TimeoutException
{
    private ScreenTimeoutException(string message, ScreenReport report)
        : base(message) => Report = report;

    /// <summary>What was there instead.</summary>
    public ScreenReport Report { get; }

    internal static ScreenTimeoutException Make(Screen screen, WaitEnd end, WaitOptions options)
    {
        TargetReport[] targets = [.. end.Watches.Select(w => w.Explain(end.Actual?.Picture))];
        var report = new ScreenReport(end.Actual, end.State!, end.Obstacle, targets, []);
        string message = $"output {screen.Output} {report.Describe(options.Timeout)}";
        if (!options.WritesFailureFiles)
        {
            return new ScreenTimeoutException(message, report);
        }
        string name = options.FailureFiles ?? Path.Combine(Directory.CreateTempSubdirectory("fbshare-screen-").FullName, $"output-{screen.Output}");
        string files;
        try
        {
            report = report with { Files = FailureFiles.Write(name, report) };
            files = report.Files.Count == 0 ? "" : $"\nsee {string.Join(", ", report.Files)}";
        }
        catch (CaptureException e)
        {
            files = $"\nits pictures could not be written: {e.Message}";
        }
        return new ScreenTimeoutException(message + files, report);
    }
}

/// <summary>What a screen showed when a wait gave up.</summary>
/// <param name="Actual">The last frame; null if there was no picture.</param>
/// <param name="State">Whether it was off, black, still or busy, and since when.</param>
/// <param name="Obstacle">Why its picture could not be read; null if it could.</param>
/// <param name="Targets">How far it was from each target.</param>
/// <param name="Files">The files that were written.</param>
public sealed record ScreenReport(ScreenCapture? Actual, ScreenState State, string? Obstacle, IReadOnlyList<TargetReport> Targets, IReadOnlyList<string> Files)
{
    /// <summary>The target that the screen was closest to.</summary>
    public TargetReport Closest => Targets.MaxBy(t => t.Similarity ?? -1)!;

    /// <summary>Writes NAME.actual.png, NAME.expected.png and NAME.diff.png, as far as there are such pictures. Files of an earlier failure
    /// that there are no pictures for now are deleted: they would be taken for this one's.</summary>
    /// <param name="name">A path; a picture's ending is left out.</param>
    /// <returns>The files that were written.</returns>
    /// <exception cref="CaptureException">They cannot be written.</exception>
    public IReadOnlyList<string> Save(string name) => FailureFiles.Write(name, this);

    internal string Describe(TimeSpan timeout)
    {
        string waited = $"within {timeout.TotalSeconds:0.###} s";
        string targets = Targets is [var only]
            ? $"did not show {only.Target} {waited}: {only.Reason}"
            : $"showed none of these {waited}:{string.Concat(Targets.Select(t => $"\n  {t.Target}: {t.Reason}"))}";
        return $"{targets}\nthe screen was {State}{(Obstacle is null ? "" : $"\n{Obstacle}")}";
    }
}
