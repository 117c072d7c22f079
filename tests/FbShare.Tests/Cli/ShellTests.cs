using Xunit;

namespace FbShare.Tests.Cli;

public class ShellTests
{
    [Fact]
    public void Help_goes_to_stdout_with_examples()
    {
        var (code, output, error) = FbShareProgram.Run("--help");
        Assert.Equal(0, code);
        Assert.Contains("\nExamples:\n  fbshare run ", output, StringComparison.Ordinal);
        Assert.Empty(error);
    }

    [Theory]
    [InlineData("dump", "\n  fbshare dump [options] [<NAME>]\n", "\n  -o, --to <FILE> (REQUIRED)  ", "\n  -h, -?, --help  ", "\n  -q, --quiet  ", "\nExamples:\n  fbshare dump ")]
    [InlineData("run", "\n  fbshare run [options] -- <QEMU ARGUMENTS>\n", "\n  --device <auto|pci|blob|2d>  ", " [default: auto]\n", "\nExamples:\n  fbshare run ")]
    public void Each_command_s_help_has_its_usage_options_and_examples(string command, params string[] parts)
    {
        var (code, output, error) = FbShareProgram.Run(command, "--help");
        Assert.Equal(0, code);
        Assert.All(parts, part => Assert.Contains(part, output, StringComparison.Ordinal));
        Assert.DoesNotContain("--egl", output, StringComparison.Ordinal);
        Assert.Empty(error);
    }

    [Fact]
    public void Version_is_a_number_on_stdout()
    {
        var (code, output, error) = FbShareProgram.Run("--version");
        Assert.Equal(0, code);
        Assert.Matches(@"^\d+\.\d+\.\d+", output);
        Assert.Empty(error);
    }

    [Theory]
    [InlineData("'no-such-command'", "no-such-command")]
    [InlineData("'--no-such-option'", "--no-such-option")]
    [InlineData("'@file'", "@file")]
    [InlineData("contradict", "--quiet", "--verbose")]
    public void A_command_line_that_makes_no_sense_is_one_sentence_and_status_2(string said, params string[] arguments)
    {
        var (code, output, error) = FbShareProgram.Run(arguments);
        Assert.Equal(2, code);
        Assert.Empty(output);
        string[] lines = error.TrimEnd().Split('\n');
        Assert.Equal(2, lines.Length);
        Assert.Contains(said, lines[0], StringComparison.Ordinal);
        Assert.Equal("fbshare: see fbshare --help", lines[1]);
    }
}
