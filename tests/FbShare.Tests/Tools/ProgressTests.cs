using System.Diagnostics;
using System.Runtime.CompilerServices;
using Xunit;

namespace FbShare.Tests.Tools;

/// <summary>tools/progress, in a shell of its own.</summary>
public sealed class ProgressTests : IDisposable
{
    /// <summary>The log is read through a gate, so that the line is there when it is read for the second time: no time is waited for.</summary>
    private const string Script = """
        mkfifo gate
        printf 'a long step\n\033[31mof the build\n' >said
        tail() { echo >gate; command tail "$@"; }
        . "$PROGRESS"
        [ -t 2 ] || { progress_begin 'building' said; progress_clear; progress_end; echo "nothing"; exit; }
        progress_begin 'building' said
        cat gate >/dev/null
        cat gate >/dev/null
        progress_clear; echo "a message"
        progress_end
        echo "the end"
        """;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [NeedsProgramFact("script")]
    public void On_a_terminal_a_line_tells_what_is_waited_for_and_what_was_said_last_and_goes()
    {
        string[] parts = Run("script", "-qec", "bash -euc \"$SCRIPT\"", "/dev/null").Split("\r\u001b[K");
        Assert.Equal("building: 0 s  [31mof the build", parts[1]);
        Assert.Equal("the end\r\n", parts[^1]);
        // The line may come back at that very moment.
        Assert.Single(parts, part => part.EndsWith("a message\r\n", StringComparison.Ordinal));
    }

    [Fact]
    public void Elsewhere_nothing_is_printed() => Assert.Equal("nothing\n", Run("bash", "-euc", Script));

    private string Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = _folder.Path };
        start.Environment["SCRIPT"] = Script;
        start.Environment["PROGRESS"] = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(ThisFile())!, "..", "..", "..", "tools", "progress"));
        using Process process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd();
        Assert.True(process.WaitForExit(TimeSpan.FromSeconds(30)));
        Assert.True(process.ExitCode == 0, output + process.StandardError.ReadToEnd());
        Assert.Empty(process.StandardError.ReadToEnd());
        return output;
    }

    private static string ThisFile([CallerFilePath] string file = "") => file;
}
