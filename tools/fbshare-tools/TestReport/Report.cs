namespace FbShare.Tools.TestReport;

/// <summary>The results of all runs, for people and, in the last line, for programs.</summary>
internal sealed class Report(IReadOnlyList<TestRun> runs)
{
    public bool IsGood => runs.All(run => run.Failed.Count == 0);

    public void Write(TextWriter output)
    {
        foreach (TestRun run in runs)
        {
            output.WriteLine($"{run.Name}: {Counts([run])}");
            WriteNotes(output, "FAILED", run.Failed);
            WriteNotes(output, "skipped", run.Skipped);
        }
        output.WriteLine(Counts(runs));
    }

    private static string Counts(IReadOnlyList<TestRun> runs) =>
        $"{runs.Sum(run => run.Passed)} passed, {runs.Sum(run => run.Failed.Count)} failed, {runs.Sum(run => run.Skipped.Count)} skipped";

    private static void WriteNotes(TextWriter output, string what, IReadOnlyList<TestNote> notes)
    {
        foreach (TestNote note in notes)
        {
            output.WriteLine($"  {what}: {note.Test}");
            foreach (string line in note.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                output.WriteLine($"    {line.TrimEnd('\r')}");
            }
        }
    }
}
