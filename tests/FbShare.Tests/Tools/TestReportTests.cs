using FbShare.Tools.TestReport;
using Xunit;

namespace FbShare.Tests.Tools;

/// <summary>What tools/test.sh says in the end must not be better than what was.</summary>
public sealed class TestReportTests : IDisposable
{
    private const string Aborted = "The active test run was aborted. Reason: Test host process crashed";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Each_skipped_test_is_told_with_its_reason_and_no_failure()
    {
        TestRun run = Read(new TrxFile()
            .Result("Passes", "Passed")
            .Result("Skips(\"<&>\")", "NotExecuted", "needs \"x\" & <y>")
            .Note("Warning", "[xUnit.net 00:00:01.00]     Skips [SKIP]")
            .End("Completed"));

        Assert.Equal(1, run.Passed);
        Assert.Empty(run.Failed);
        Assert.Equal(new TestNote("Skips(\"<&>\")", "needs \"x\" & <y>"), Assert.Single(run.Skipped));
    }

    [Fact]
    public void A_failed_test_is_one_failure_with_its_message_though_the_run_has_failed_by_it()
    {
        TestRun run = Read(new TrxFile()
            .Result("Passes", "Passed")
            .Result("Fails", "Failed", "Expected: 1\nActual:   2")
            .Note("Error", "[xUnit.net 00:00:01.00]     Fails [FAIL]")
            .End("Failed"));

        Assert.Equal(new TestNote("Fails", "Expected: 1\nActual:   2"), Assert.Single(run.Failed));
        Assert.Equal(1, run.Passed);
    }

    [Fact]
    public void A_run_that_was_aborted_counts_as_failed_beside_the_results_up_to_then()
    {
        TestRun run = Read(new TrxFile().Result("Passes", "Passed").Note("Error", $"{Aborted} : Process terminated.\n   at Boom()").End("Failed"));

        Assert.Equal(1, run.Passed);
        Assert.Equal(new TestNote(TestRun.Whole, $"{Aborted} : Process terminated."), Assert.Single(run.Failed));
    }

    [Fact]
    public void An_aborted_run_is_told_beside_a_test_that_failed_in_it()
    {
        TestRun run = Read(new TrxFile().Result("Fails", "Failed", "why").Note("Error", "[xUnit.net]     Fails [FAIL]").Note("Error", Aborted).End("Failed"));

        Assert.Equal([new TestNote("Fails", "why"), new TestNote(TestRun.Whole, Aborted)], run.Failed);
    }

    [Fact]
    public void A_run_that_does_not_say_that_it_was_completed_has_failed()
    {
        TestRun run = Read(new TrxFile().Result("Passes", "Passed").End("Failed"));

        Assert.Equal(TestRun.Whole, Assert.Single(run.Failed).Test);
    }

    [Fact]
    public void A_run_without_tests_has_failed()
    {
        TestRun run = Read(new TrxFile().Note("Warning", "No test matches the given testcase filter").End("Completed"));

        Assert.Contains("No test matches", Assert.Single(run.Failed).Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_that_left_no_file_has_failed()
    {
        TestRun run = TestRun.Read(_folder["Some.Tests.trx"]);

        Assert.Equal("Some.Tests", run.Name);
        Assert.Equal(TestRun.Whole, Assert.Single(run.Failed).Test);
    }

    [Fact]
    public void A_file_that_ends_in_its_middle_is_a_run_that_failed()
    {
        string whole = new TrxFile().Result("Passes", "Passed").End("Completed");
        Assert.Equal(TestRun.Whole, Assert.Single(Read(whole[..(whole.Length / 2)]).Failed).Test);
    }

    [Fact]
    public void The_last_line_is_the_sum_of_all_runs()
    {
        var report = new Report(
        [
            new TestRun("one", 3, [], [new TestNote("Skips", "no GPU here")]),
            new TestRun("two", 4, [new TestNote("Fails", "first line\r\nsecond line")], []),
        ]);
        using var output = new StringWriter { NewLine = "\n" };
        report.Write(output);

        Assert.False(report.IsGood);
        Assert.Equal(
            """
            one: 3 passed, 0 failed, 1 skipped
              skipped: Skips
                no GPU here
            two: 4 passed, 1 failed, 0 skipped
              FAILED: Fails
                first line
                second line
            7 passed, 1 failed, 1 skipped

            """, output.ToString());
    }

    private TestRun Read(string text)
    {
        File.WriteAllText(_folder["run.trx"], text);
        return TestRun.Read(_folder["run.trx"]);
    }
}
