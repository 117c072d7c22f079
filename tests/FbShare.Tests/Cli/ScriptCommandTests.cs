using System.Text.Json;
using System.Xml.Linq;
using FbShare.Cli;
using FbShare.Cli.Scripts;
using FbShare.Pictures;
using FbShare.Tests.Display;
using FbShare.Tests.Testing;

namespace FbShare.Tests.Cli;

/// <summary>Scripts: what they are made of, how they run, what a failure leaves.</summary>
public sealed class ScriptCommandTests : IDisposable
{
    private readonly RecordingSink _sink = new();
    private readonly ScreenFixture _fixture;
    private readonly TemporaryFolder _folder = new();

    public ScriptCommandTests()
    {
        _fixture = new ScreenFixture(_sink);
        _fixture.Show(100, 50).Fill(new Rect(0, 0, 100, 50), 0x123456);
    }

    public void Dispose()
    {
        _fixture.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void A_line_is_words_with_quotes_and_comments()
    {
        List<ScriptStep> steps = ScriptFile.Parse("# first\n\n  type 'root \"x\"\\n' # then\r\nkey \"a b\"c '' x#y\n");
        Assert.Equal(2, steps.Count);
        Assert.Equal((3, "type 'root \"x\"\\n' # then"), (steps[0].Line, steps[0].Text));
        Assert.Equal(["type", "root \"x\"\\n"], steps[0].Words);
        Assert.Equal(["key", "a bc", "", "x#y"], steps[1].Words);
        Assert.Equal("line 1: the quote ' is not closed", Assert.Throws<ScriptException>(() => ScriptFile.Parse("type 'x")).Message);
    }

    [Fact]
    public void Steps_run_in_order_and_are_reported()
    {
        var (code, output, error) = Run("move 1 2\nkey --delay 1ms a   # a comment\nclick 3 4\n", "--json");
        Assert.Equal(0, code);
        Assert.Equal(["to 1,2 of 100x50", "key 30 down", "key 30 up", "to 3,4 of 100x50", "Left down", "Left up"], _sink.Events);
        using var json = JsonDocument.Parse(output);
        Assert.True(json.RootElement.GetProperty("passed").GetBoolean());
        Assert.Equal([1, 2, 3], json.RootElement.GetProperty("steps").EnumerateArray().Select(s => s.GetProperty("line").GetInt32()));
        Assert.Contains("fbshare: line 3: click 3 4 (", error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_failed_step_leaves_its_picture_and_a_recording_and_the_rest_is_skipped()
    {
        var (code, output, _) = Run("move 1 2\nclick 100 4\nmove 5 5\n", "--tap", "--junit", _folder["results.xml"], "--failures", _folder["failures"]);
        Assert.Equal(ExitCodes.Failure, code);
        Assert.Equal(["to 1,2 of 100x50"], _sink.Events);

        string[] lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(["TAP version 14", "1..3", "ok 1 - line 1: move 1 2", "not ok 2 - line 2: click 100 4"], lines[..4]);
        Assert.StartsWith("# there is no pixel 100,4", lines[4], StringComparison.Ordinal);
        Assert.Equal("ok 3 - line 3: move 5 5 # SKIP a step before it failed", lines[^1]);

        XElement suite = XDocument.Load(_folder["results.xml"]).Root!.Element("testsuite")!;
        Assert.Equal(("3", "1", "1"), (suite.Attribute("tests")!.Value, suite.Attribute("failures")!.Value, suite.Attribute("skipped")!.Value));
        Assert.StartsWith("there is no pixel 100,4", suite.Descendants("failure").Single().Attribute("message")!.Value, StringComparison.Ordinal);

        Assert.Equal((0x12, 0x34, 0x56, 255), FbShare.Capture.PictureFile.Read(_folder["failures/line-002.actual.png"])[0, 0]);
        string recording = Directory.GetFiles(_folder["failures"], "line-002.*").Single(f => !f.EndsWith(".png", StringComparison.Ordinal));
        Assert.True(new FileInfo(recording).Length > 100);
        Assert.Contains(recording, suite.Value, StringComparison.Ordinal);
    }

    [Fact]
    public void With_keep_going_later_steps_run_too()
    {
        var (code, _, error) = Run("click 100 4\nmove 5 5\n", "--keep-going", "--failures", _folder["failures"]);
        Assert.Equal(ExitCodes.Failure, code);
        Assert.Equal(["to 5,5 of 100x50"], _sink.Events);
        Assert.Contains("line-001.actual.png", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("move 1 2\nsleep 3\n", "line 2: 'sleep' is no step")]
    [InlineData("move 1\n", "line 1: ")]
    [InlineData("type --nonsense x\n", "line 1: ")]
    [InlineData("script x\n", "line 1: 'script' is no step")]
    public void Nothing_runs_of_a_script_that_makes_no_sense(string script, string said)
    {
        var (code, _, error) = Run(script);
        Assert.Equal(ExitCodes.Usage, code);
        Assert.Contains(said, error, StringComparison.Ordinal);
        Assert.Empty(_sink.Events);
    }

    private (int ExitCode, string Output, string Error) Run(string script, params string[] arguments)
    {
        File.WriteAllText(_folder["test.steps"], script);
        return FbShareProgram.Run(["script", "--display", _fixture.Address, _folder["test.steps"], .. arguments]);
    }
}
