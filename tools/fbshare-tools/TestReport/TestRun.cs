using System.Xml;
using System.Xml.Linq;

namespace FbShare.Tools.TestReport;

/// <summary>The results of one run of tests, from its trx file (Visual Studio's test results).</summary>
/// <param name="Name">The file's, without extension.</param>
/// <param name="Failed">The tests that failed with their messages; a run that did not come to its end is one of them.</param>
/// <param name="Skipped">The tests that were not run, with the reasons.</param>
internal sealed record TestRun(string Name, int Passed, IReadOnlyList<TestNote> Failed, IReadOnlyList<TestNote> Skipped)
{
    /// <summary>What a run that failed as a whole is called among the tests that failed.</summary>
    public const string Whole = "the run";

    private const string TestFailureMark = " [FAIL]";

    private static readonly XNamespace Trx = "http://microsoft.com/schemas/VisualStudio/TeamTest/2010";

    /// <summary>Reads a file; one that is missing, not whole or empty of results is a run that failed.</summary>
    public static TestRun Read(string path)
    {
        string name = Path.GetFileNameWithoutExtension(path);
        XElement run;
        try
        {
            run = XDocument.Load(path).Root!;
        }
        catch (Exception e) when (e is XmlException or IOException or UnauthorizedAccessException)
        {
            string reason = e is FileNotFoundException or DirectoryNotFoundException
                ? "it wrote no results: it was killed, or crashed early"
                : $"its results cannot be read: {e.Message}";
            return new TestRun(name, 0, [new TestNote(Whole, reason)], []);
        }

        int passed = 0;
        var failed = new List<TestNote>();
        var skipped = new List<TestNote>();
        foreach (XElement result in run.Descendants(Trx + "UnitTestResult"))
        {
            string test = (string?)result.Attribute("testName") ?? "(a test without a name)";
            switch ((string?)result.Attribute("outcome"))
            {
                case "Passed":
                    passed++;
                    break;
                case "NotExecuted":
                    skipped.Add(new TestNote(test, MessageOf(result)));
                    break;
                default:
                    failed.Add(new TestNote(test, MessageOf(result)));
                    break;
            }
        }
        if (WhyNotWhole(run, hasFailures: failed.Count > 0, hasResults: passed + failed.Count + skipped.Count > 0) is { } why)
        {
            failed.Add(new TestNote(Whole, why));
        }
        return new TestRun(name, passed, failed, skipped);
    }

    /// <summary>Where xunit's adapter puts it: with the errors, or, by older ones, among a skipped test's output.</summary>
    private static string MessageOf(XElement result) =>
        (result.Descendants(Trx + "Message").FirstOrDefault() ?? result.Descendants(Trx + "StdOut").FirstOrDefault())?.Value.Trim() ?? "";

    /// <summary>A run that was aborted has the results up to then, and an error that is not a test's. One in which no test
    /// ran has shown nothing.</summary>
    private static string? WhyNotWhole(XElement run, bool hasFailures, bool hasResults)
    {
        XElement? summary = run.Element(Trx + "ResultSummary");
        IEnumerable<XElement> notes = summary?.Descendants(Trx + "RunInfo") ?? [];
        string? TextOf(XElement? note) => note?.Element(Trx + "Text")?.Value.Trim().Split('\n')[0];
        if (TextOf(notes.FirstOrDefault(IsErrorOfRun)) is { } error)
        {
            return error;
        }
        if ((string?)summary?.Attribute("outcome") != "Completed" && !hasFailures)
        {
            return "it did not run to its end";
        }
        return hasResults ? null : $"it had no tests: {TextOf(notes.FirstOrDefault()) ?? "nothing says why"}";
    }

    private static bool IsErrorOfRun(XElement note) => (string?)note.Attribute("outcome") == "Error" && !note.Value.TrimEnd().EndsWith(TestFailureMark, StringComparison.Ordinal);
}
