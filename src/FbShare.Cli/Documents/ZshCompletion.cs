using System.Text;

namespace FbShare.Cli.Documents;

/// <summary>The completion for zsh (compsys): a file named _fbshare in a folder of fpath.</summary>
internal static class ZshCompletion
{
    private const string Begin = """
        #compdef fbshare
        # Completion of fbshare for zsh, made by: fbshare completion zsh

        _fbshare_displays() {
            local -a names kinds
            names=(${(f)"$(_call_program displays fbshare list --names 2>/dev/null)"})
            kinds=(unix qmp dbus libvirt)
            if compset -P '*:'; then
                _files
            else
                _alternative 'names:running display:compadd -a names' 'kinds:address:compadd -S : -a kinds'
            fi
        }

        _fbshare() {
            local curcontext=$curcontext state line
            local -a commands
            local -i skip=${words[(i)--]}

        """;

    public static string Write(IReadOnlyList<CompletionPage> pages)
    {
        var script = new StringBuilder(Begin);
        string others = string.Join('|', pages.Where(page => page.Arguments.Any(argument => argument.Kind == WordKind.CommandLine)).Select(page => page.Name));
        script.Append($$"""
                if ((skip < CURRENT)) && [[ -n ${words[(r)({{others}})]} ]]; then
                    # Behind --, a command line of another program.
                    shift $skip words
                    ((CURRENT -= skip))
                    _normal
                    return
                fi
                commands=(

            """);
        CompletionPage root = pages[0];
        foreach (CompletionPage page in pages.Skip(1))
        {
            script.Append($"        {Quote($"{page.Name}:{page.Summary}")}\n");
        }
        script.Append("    )\n    _arguments -C \\\n");
        AppendOptions(script, root, "        ");
        script.Append("        '1:command:->command' '*::argument:->arguments' && return\n    case $state in\n    command) _describe command commands ;;\n    arguments)\n        case $line[1] in\n");
        foreach (CompletionPage page in pages.Skip(1))
        {
            script.Append($"        {page.Name})\n            _arguments \\\n");
            AppendOptions(script, page, "                ");
            foreach (CompletionWord argument in page.Arguments.Where(argument => argument.Kind != WordKind.CommandLine))
            {
                string place = argument.Repeats ? "*" : "";
                script.Append($"                {Quote($"{place}:{Plain(argument.Name)}:{Action(argument)}")} \\\n");
            }
            script.Append("                && return ;;\n");
        }
        return script.Append("        esac ;;\n    esac\n}\n\n_fbshare \"$@\"\n").ToString();
    }

    private static void AppendOptions(StringBuilder script, CompletionPage page, string indent)
    {
        foreach (CompletionOption option in page.Options)
        {
            string value = option.Value.Kind == WordKind.None ? "" : $":{Plain(option.Value.Name)}:{Action(option.Value)}";
            string others = option.Value.Repeats ? "*" : $"({string.Join(' ', option.Names)})";
            foreach (string name in option.Names)
            {
                // The value may be behind a '=', too.
                string ending = value.Length > 0 && name.StartsWith("--", StringComparison.Ordinal) ? "=" : "";
                script.Append($"{indent}{Quote($"{others}{name}{ending}[{Plain(option.Summary)}]{value}")} \\\n");
            }
        }
    }

    private static string Action(CompletionWord word) => word.Kind switch
    {
        WordKind.Choice => $"({string.Join(' ', word.Choices)})",
        WordKind.File => "_files",
        WordKind.Folder => "_files -/",
        WordKind.Display => "_fbshare_displays",
        _ => " ",
    };

    /// <summary>Without what has a meaning in a description.</summary>
    private static string Plain(string text)
    {
        var plain = new StringBuilder(text.Length + 4);
        foreach (char c in text)
        {
            plain.Append(c is '[' or ']' or ':' or '\\' ? $"\\{c}" : c.ToString());
        }
        return plain.ToString();
    }

    private static string Quote(string text) => $"'{text.Replace("'", @"'\''", StringComparison.Ordinal)}'";
}
