using FbShare.Tools;
using FbShare.Tools.BenchCheck;
using Xunit;

namespace FbShare.Tests.Tools;

public class BenchCheckTests
{
    [Fact]
    public void The_system_calls_are_the_total_of_strace_s_table()
    {
        const string summary = """
            syscall              calls
            ---------------- ---------
            read                  1207
            total_of_nothing        11
            ---------------- ---------
            total                 6218

            """;
        Assert.Equal(6218, Bench.TotalOf(summary));
    }

    [Fact]
    public void A_table_without_a_total_is_an_error_and_not_zero() => Assert.Throws<ToolException>(() => Bench.TotalOf(""));

    [Fact]
    public void Figures_are_found_by_name_and_a_missing_one_is_an_error()
    {
        var figures = Figures.Parse("""{ "figures": [ { "name": "floor", "value": 0.5, "unit": "us" }, { "name": "command.cpu", "value": 0.1, "goal": "<= 1", "met": true } ] }""", 5, 30);

        Assert.Equal(0.2, figures["command.cpu"] / figures["floor"]);
        Assert.Null(figures.Find("two-processors.flip.cpu/floor"));
        Assert.Throws<ToolException>(() => figures["flip.copied"]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("""{ "figures": [ { "value": 1 } ] }""")]
    public void Output_that_is_not_the_bench_s_is_an_error(string text) => Assert.Throws<ToolException>(() => Figures.Parse(text, 0, 0));

    [Fact]
    public void A_figure_is_missed_until_one_run_is_good()
    {
        var result = new CheckResult(new Check("system calls per flip", f => f.SystemCallsPerFlip, Limit.AtMost(5.2), "a note"));
        result.Add(Of(6.0004));
        Assert.False(result.IsMet);
        Assert.Equal("system calls per flip                6  <= 5.2   MISSED", result.Row(tellsMiss: true));
        Assert.Equal("system calls per flip                6  <= 5.2   a note", result.Row(tellsMiss: false));

        result.Add(Of(5.2));
        Assert.True(result.IsMet);
        Assert.Equal("system calls per flip            6 5.2  <= 5.2   a note", result.Row(tellsMiss: true));
    }

    [Theory]
    [InlineData(0.99, true, false, false)]
    [InlineData(1, true, true, true)]
    [InlineData(1.01, false, true, false)]
    public void A_limit_holds_on_its_own_side(double value, bool atMost, bool atLeast, bool exactly)
    {
        Assert.Equal(atMost, Limit.AtMost(1).Holds(value));
        Assert.Equal(atLeast, Limit.AtLeast(1).Holds(value));
        Assert.Equal(exactly, Limit.Exactly(1).Holds(value));
    }

    private static Figures Of(double systemCallsPerFlip) => new(new Dictionary<string, double>(), systemCallsPerFlip, 0);
}
