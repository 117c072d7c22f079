using System.CommandLine;
using FbShare.Cli;
using Xunit;

namespace FbShare.Tests.Cli;

/// <summary>Whatever words somebody gives: a sentence, never a crash.</summary>
public class CommandLineTests
{
    private static readonly string[] Commands = [.. new FbShareCommand().Subcommands.Select(c => c.Name), "", "nonsense"];

    private static readonly string[] Values =
    [
        "", "x", "0", "1", "-1", "17", "99999999999999999999", "1e400", "NaN", "1x1", "1280x800", "0x0", "still:1s", "frame:0", "frame:x", "unix:", "unix:/tmp/x", "qmp:",
        "a.png", "a", ".", "/", "--", "-", "@file", "\u001b[2J", "\ud800", "auto", "copy", "true", "\n", "'", "=", ":", "1s", "-1s", "1:2", "0:0x1000,", "XR24",
    ];

    private static readonly string[] Names = [.. new FbShareCommand().Subcommands.SelectMany(c => c.Options).Select(o => o.Name).Distinct(), "-q", "-v", "-o", "--help", "--version", "--nonsense"];

    public static TheoryData<string> Mistakes => new(
        "serve --socket-path /tmp/x --outputs x",
        "serve --socket-path /tmp/x --outputs",
        "serve --socket-path /tmp/x --outputs 17",
        "serve --socket-path /tmp/x --refresh x",
        "serve --socket-path /tmp/x --refresh 1e400",
        "serve --socket-path /tmp/x --dump-output -1 --dump-to a.png",
        "serve --socket-path /tmp/x --dump-to",
        "serve --fd",
        "serve --fd -3",
        "dump --display unix:/tmp/x -o a.png --frame x",
        "dump --display unix:/tmp/x -o",
        "view --display unix:/tmp/x --output x",
        "region --range 0:4096 --size 1x1 --fd x -o a.png",
        "bench --flips x",
        "bench --flips 0");

    [Fact]
    public void A_command_that_is_named_first_is_the_only_one_made()
    {
        string[] all = [.. new FbShareCommand().Subcommands.Select(c => c.Name)];
        Assert.InRange(all.Length, 15, 100);
        foreach (string name in all)
        {
            Assert.Equal(name, Assert.Single(new FbShareCommand(name).Subcommands).Name);
        }
        Assert.Equal(all, new FbShareCommand("-v").Subcommands.Select(c => c.Name));
    }

    [Theory]
    [MemberData(nameof(Mistakes))]
    public void A_word_that_makes_no_sense_is_a_sentence(string words)
    {
        string? mistake = Program.FindMistake(Program.Parse(words.Split(' ')));
        Assert.NotNull(mistake);
        Assert.DoesNotContain("System.", mistake, StringComparison.Ordinal);
    }

    [Fact]
    public void Ten_thousand_random_command_lines_are_understood_or_refused()
    {
        var random = new Random(20261127);
        for (int i = 0; i < 10_000; i++)
        {
            List<string> words = [Commands[random.Next(Commands.Length)]];
            for (int n = random.Next(6); n > 0; n--)
            {
                words.Add(Pick(random));
                if (random.Next(3) > 0)
                {
                    words.Add(Values[random.Next(Values.Length)]);
                }
            }
            AssertSentence([.. words]);
        }
    }

    [Fact]
    public void Each_command_s_own_options_and_arguments_with_any_value_are_understood_or_refused()
    {
        foreach (Command command in new FbShareCommand().Subcommands)
        {
            foreach (Option option in command.Options)
            {
                foreach (string value in Values)
                {
                    AssertSentence(command.Name, option.Name, value);
                    AssertSentence(command.Name, $"{option.Name}={value}");
                }
                AssertSentence(command.Name, option.Name);
            }
            foreach (string value in Values)
            {
                // In the place of each of its arguments.
                for (int i = 0; i <= command.Arguments.Count; i++)
                {
                    AssertSentence([command.Name, .. Enumerable.Repeat("1", i), value]);
                }
            }
        }
    }

    [Fact]
    public void An_empty_program_name_for_run_is_refused()
    {
        (int code, _, string error) = FbShareProgram.Run("run", "--", "");
        Assert.Equal(2, code);
        Assert.Contains("empty", error, StringComparison.Ordinal);
    }

    /// <summary>What is not understood is refused in words for people, which name no type of the program's.</summary>
    private static void AssertSentence(params string[] words)
    {
        string? mistake = Program.FindMistake(Program.Parse(words));
        Assert.True(mistake is null || (mistake.Trim().Length > 0 && !mistake.Contains("System.", StringComparison.Ordinal)), $"{string.Join(' ', words)}: {mistake}");
    }

    private static string Pick(Random random) => random.Next(8) == 0 ? Values[random.Next(Values.Length)] : Names[random.Next(Names.Length)];
}
