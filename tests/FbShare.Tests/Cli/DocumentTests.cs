using System.Diagnostics;
using System.Runtime.CompilerServices;
using FbShare.Cli;
using FbShare.Cli.Documents;
using Xunit;

namespace FbShare.Tests.Cli;

/// <summary>Manual pages and completions: what --help says, in other forms.</summary>
public sealed class DocumentTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void There_is_a_page_for_each_command_with_all_of_its_options()
    {
        CommandPage[] pages = MakePages();
        Assert.Equal(["fbshare.1", .. pages[1..].Select(page => $"{page.Name.Replace(' ', '-')}.1")], pages.Select(ManualPage.FileNameOf));
        Assert.Equal(pages.Select(ManualPage.FileNameOf).Order(StringComparer.Ordinal), Directory.GetFiles(_folder["man"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        foreach (CommandPage page in pages)
        {
            string text = File.ReadAllText(_folder[$"man/{ManualPage.FileNameOf(page)}"]).Replace("\\-", "-", StringComparison.Ordinal).Replace("\\(aq", "'", StringComparison.Ordinal);
            Assert.All(page.Options, option => Assert.Contains($"\\fB{option.Name}\\fR\n", text, StringComparison.Ordinal));
            Assert.All(page.Arguments, argument => Assert.Contains(argument.Name, text, StringComparison.Ordinal));
            Assert.All(text.Split('\n').Where(line => line.StartsWith('.')), line => Assert.Matches("^\\.(\\\\\"|TH|SH|TP|nf$|fi$)", line));
            Assert.DoesNotContain("--display-wish", text, StringComparison.Ordinal);
        }
    }

    [NeedsProgramFact("man")]
    public void Man_shows_each_page_without_a_warning()
    {
        foreach (CommandPage page in MakePages())
        {
            Assert.Equal((0, ""), Run("sh", "-c", "man --warnings -E UTF-8 -l -Tutf8 -Z \"$1\" 2>&1 >/dev/null", "sh", _folder[$"man/{ManualPage.FileNameOf(page)}"]));
        }
    }

    [NeedsProgramFact("mandoc")]
    public void Mandoc_finds_nothing_to_warn_of()
    {
        MakePages();
        Assert.Equal((0, ""), Run("sh", "-c", "mandoc -T lint -W warning \"$1\"/*.1", "sh", _folder["man"]));
    }

    [Fact]
    public void The_same_sources_make_the_same_pages()
    {
        MakePages("86400");
        Assert.Contains(".TH \"FBSHARE\\-RUN\" 1 1970-01-02 \"fbshare ", File.ReadAllText(_folder["man/fbshare-run.1"]), StringComparison.Ordinal);
    }

    [Fact]
    public void The_readme_has_the_same_table_of_exit_statuses()
    {
        string readme = File.ReadAllText(Path.Combine(Repository(), "README.md")).Replace("`", "", StringComparison.Ordinal);
        Assert.All(ExitCodes.Table, row => Assert.Contains($"\n| {row.Status} | {row.Meaning} |\n", readme, StringComparison.Ordinal));
        int begin = readme.IndexOf("### Exit status", StringComparison.Ordinal);
        string section = readme[begin..readme.IndexOf("\n## ", begin, StringComparison.Ordinal)];
        Assert.Equal(ExitCodes.Table.Count + 2, section.Split('\n').Count(line => line.StartsWith('|')));
    }

    public static TheoryData<string, string> Words => new()
    {
        { "vi|", "view" },
        { "--qu|", "--quiet" },
        { "run --devi|", "--device" },
        { "run --device p|", "pci" },
        { "run --device=p|", "pci" },
        { "scroll l|", "left" },
        { "completion z|", "zsh" },
        { "view deb|", "debian" },
        { "view --display deb|", "debian" },
        { "view --display=deb|", "debian" },
        { "dump debian --cu|", "--cursor" },
        { "match gol|", "golden.png" },
        { "dump -o gol|", "golden.png" },
        { "run --quiet -- /bin/ech|", "/bin/echo" },
        { "run -- another-qemu -drive gol|", "golden.png" },
    };

    [Theory]
    [MemberData(nameof(Words))]
    public void Bash_completes(string typed, string word)
    {
        WriteCompletion("bash");
        // As bash splits a line: '=' is a word.
        string[] words = ["fbshare", .. typed.TrimEnd('|').Replace("=", " = ", StringComparison.Ordinal).Split(' ')];
        (int code, string output) = Run(
            "bash", "-c", """cd "$0"; . ./bash; PATH=$PWD:$PATH; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _fbshare 2>/dev/null; printf '%s\n' "${COMPREPLY[@]}" """, [_folder.Path, .. words]);
        Assert.Equal((0, word + "\n"), (code, output));
    }

    [NeedsProgramTheory("zsh")]
    [MemberData(nameof(Words))]
    public void Zsh_completes(string typed, string word)
    {
        WriteCompletion("zsh");
        File.Move(_folder["zsh"], _folder["_fbshare"]);
        // A terminal in which fbshare prints what it was given, after the key Tab and Enter.
        File.WriteAllText(_folder["type"], """
            zmodload zsh/zpty
            zpty z zsh -f -i
            zpty -w z "cd $1; PATH=$1:\$PATH; fpath=($1 \$fpath); autoload -U compinit; compinit -u -D; echo rea''dy"
            typeset o=''
            while [[ $o != *ready* ]] && zpty -r z x; do o+=$x; done
            zpty -n -w z "fbshare $2"$'\t\n'
            while [[ $o != *:GOT ]] && zpty -r z x '*:GOT'; do o+=$x; done
            print -r -- "${${o##*GOT:}%:GOT}"
            """);
        (int code, string output) = Run("zsh", "-f", _folder["type"], _folder.Path, typed.TrimEnd('|'));
        int last = typed.LastIndexOfAny([' ', '=']) + 1;
        Assert.Equal((0, typed[..last] + word), (code, output.Trim()));
    }

    [Fact]
    public void Completions_know_no_hidden_word()
    {
        foreach (string shell in (string[])["bash", "zsh"])
        {
            WriteCompletion(shell);
            Assert.DoesNotContain("docs", File.ReadAllText(_folder[shell]), StringComparison.Ordinal);
            Assert.DoesNotContain("--machine-name", File.ReadAllText(_folder[shell]), StringComparison.Ordinal);
        }
    }

    private CommandPage[] MakePages(string? date = null)
    {
        using Process process = FbShareProgram.Start(["docs", "--man", _folder["man"]], date is null ? [] : [("SOURCE_DATE_EPOCH", date)]);
        process.WaitForExit();
        Assert.Equal((0, ""), (process.ExitCode, process.StandardError.ReadToEnd()));
        var root = new FbShareCommand();
        return [CommandPage.Of(root), .. root.Subcommands.Where(command => !command.Hidden).Select(CommandPage.Of)];
    }

    /// <summary>The completion, and an fbshare that lists a display and otherwise tells its words.</summary>
    private void WriteCompletion(string shell)
    {
        (int code, string output, string error) = FbShareProgram.Run("completion", shell);
        Assert.Equal((0, ""), (code, error));
        File.WriteAllText(_folder[shell], output);
        File.WriteAllText(_folder["golden.png"], "");
        File.WriteAllText(_folder["fbshare"], "#!/bin/sh\ncase \"$*\" in 'list --names') echo debian ;; *) echo \"GOT:$*:GOT\" ;; esac\n");
        File.SetUnixFileMode(_folder["fbshare"], (UnixFileMode)0b111_000_000);
    }

    private static (int ExitCode, string Output) Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        string output = process.StandardOutput.ReadToEnd();
        Assert.True(process.WaitForExit(TimeSpan.FromSeconds(30)));
        return (process.ExitCode, output);
    }

    private static (int ExitCode, string Output) Run(string program, string first, string second, string[] more) => Run(program, [first, second, .. more]);

    private static string Repository([CallerFilePath] string file = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file)!, "..", "..", ".."));
}
