using System.CommandLine;
using FbShare.Tools.TestReport;

namespace FbShare.Tools;

/// <summary><c>test-report</c>: the end of tools/test.sh.</summary>
internal sealed class TestReportCommand : Command
{
    private readonly Argument<string[]> _files = new("FILE") { Description = "A trx file that a run of tests has written, or should have written.", Arity = ArgumentArity.ZeroOrMore };
    private readonly Option<string[]> _passed = new("--passed") { Description = "Something else that was checked, counted as one test.", HelpName = "WHAT" };
    private readonly Option<string[]> _failed = new("--failed") { Description = "The same, where it failed.", HelpName = "WHAT" };

    public TestReportCommand()
        : base("test-report", "Prints the results of runs of tests: how many passed, why others failed or were skipped, and as the last line "
            + "`N passed, N failed, N skipped` over all. A run that has no results or no tests, or was aborted, counts as one failure. "
            + "Exit code 1 when anything failed.")
    {
        Add(_files);
        Add(_passed);
        Add(_failed);
        SetAction(Run);
    }

    private int Run(ParseResult arguments)
    {
        IEnumerable<string> passed = arguments.GetValue(_passed) ?? [];
        IEnumerable<string> failed = arguments.GetValue(_failed) ?? [];
        var report = new Report(
        [
            .. (arguments.GetValue(_files) ?? []).Select(TestRun.Read),
            .. passed.Select(what => new TestRun(what, 1, [], [])),
            .. failed.Select(what => new TestRun(what, 0, [new TestNote(what, "")], [])),
        ]);
        report.Write(Console.Out);
        return report.IsGood ? ExitCodes.Good : ExitCodes.Bad;
    }
}
