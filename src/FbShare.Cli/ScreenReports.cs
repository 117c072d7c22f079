using System.Text.Json.Serialization;
using FbShare.Pictures;
using FbShare.Testing.Needles;
using FbShare.Testing.Screens;

namespace FbShare.Cli;

/// <summary>A part of a screen, as --json says it.</summary>
internal sealed record AreaReport(int X, int Y, int Width, int Height)
{
    public static AreaReport? Of(Rect? area) => area is { IsEmpty: false } some ? new AreaReport(some.X, some.Y, some.Width, some.Height) : null;
}

/// <summary>A pixel.</summary>
internal sealed record PointReport(int X, int Y)
{
    public static PointReport? Of((int X, int Y)? point) => point is { } some ? new PointReport(some.X, some.Y) : null;
}

/// <summary>What <c>match --json</c> prints.</summary>
internal sealed record MatchReport(string Needle, bool Matches, string Reason, double Similarity, AreaReport? Place, PointReport? ClickPoint, IReadOnlyList<MatchAreaReport> Areas)
{
    public static MatchReport Of(string needle, NeedleResult result) => new(
        needle,
        result.IsMatch,
        result.Reason,
        result.Similarity,
        AreaReport.Of(result.Place),
        result.IsMatch ? PointReport.Of(result.ClickPoint) : null,
        [
            .. result.Areas.Select(a => new MatchAreaReport(
                AreaReport.Of(a.Area.Bounds)!, a.IsMatch, a.Similarity, AreaReport.Of(a.Place), a.Comparison?.DifferentPixels, a.Comparison?.MaxDelta)),
        ]);
}

/// <summary>One area of it.</summary>
internal sealed record MatchAreaReport(AreaReport Area, bool Matches, double Similarity, AreaReport? Place, int? DifferentPixels, int? MaxDelta);

/// <summary>What <c>wait --json</c> prints.</summary>
/// <param name="Found">What came; null if nothing did.</param>
/// <param name="Seconds">How long it took.</param>
internal sealed record WaitReport(
    string? Found, double Seconds, AreaReport? Area = null, PointReport? ClickPoint = null, double? Similarity = null, WaitFailureReport? Failure = null);

/// <summary>What was there instead.</summary>
/// <param name="State">off, black, still or busy.</param>
/// <param name="SecondsSinceChange">How long ago the screen last looked different; null if it never showed anything.</param>
internal sealed record WaitFailureReport(
    string State, double? SecondsSinceChange, int ChangesInLastSecond, string? Obstacle, IReadOnlyList<MissedReport> Targets, IReadOnlyList<string> Files)
{
    public static WaitFailureReport Of(ScreenReport report) => new(
        report.State.Kind.ToString().ToLowerInvariant(),
        report.State.SinceChange?.TotalSeconds,
        report.State.ChangesInLastSecond,
        report.Obstacle,
        [.. report.Targets.Select(t => new MissedReport(t.Target.ToString(), t.Reason, t.Similarity, AreaReport.Of(t.Area)))],
        report.Files);
}

/// <summary>A target that did not come.</summary>
/// <param name="Similarity">The best one.</param>
/// <param name="Area">Where that was.</param>
internal sealed record MissedReport(string Target, string Reason, double? Similarity, AreaReport? Area);

/// <summary>What <c>hash --json</c> prints for each frame.</summary>
/// <param name="Sequence">The guest's flushes so far, where the display counts them; otherwise the frames seen.</param>
/// <param name="Seconds">When, by the host's monotonic clock.</param>
internal sealed record HashReport(long Sequence, double Seconds, uint Output, int Width, int Height, string Format, string Xxh3);

/// <summary>What <c>text --json</c> prints.</summary>
/// <param name="Source">The console font's name, or tesseract.</param>
/// <param name="Exact">Whether characters were recognised by their pixels, and not guessed.</param>
internal sealed record TextReport(string Source, bool Exact, IReadOnlyList<TextLineReport> Lines);

/// <summary>One line that is not empty.</summary>
internal sealed record TextLineReport(string Text, AreaReport Box);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(MatchReport))]
[JsonSerializable(typeof(WaitReport))]
[JsonSerializable(typeof(HashReport))]
[JsonSerializable(typeof(TextReport))]
internal sealed partial class ScreenJson : JsonSerializerContext;
