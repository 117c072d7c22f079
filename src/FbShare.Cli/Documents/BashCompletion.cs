using System.Text;

namespace FbShare.Cli.Documents;

/// <summary>The completion for bash: one function, with nothing needed from the package bash-completion.</summary>
internal static class BashCompletion
{
    private const string Begin = """
        # Completion of fbshare for bash, made by: fbshare completion bash
        _fbshare() {
            local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command='' options='' after='' i word
            local IFS=$'\n'
            COMPREPLY=()
            for ((i = 1; i < COMP_CWORD; i++)); do
                word=${COMP_WORDS[i]}
                if [[ $word == -- ]]; then
                    after=$((i + 1))
                    break
                fi
                [[ -n $command || $word == -* ]] || command=$word
            done
            # bash takes '=' and ':' for words of their own.
            if [[ $cur == = ]]; then
                cur=''
            elif [[ $prev == = ]]; then
                prev=${COMP_WORDS[COMP_CWORD-2]}
            elif [[ $cur == : || $prev == : ]]; then
                [[ $cur != : ]] || cur=''
                COMPREPLY=($(compgen -f -- "$cur"))
                compopt -o filenames 2>/dev/null
                return
            fi

        """;

    private const string End = """
            COMPREPLY=($(compgen -W "$options" -- "$cur"))
        }
        _fbshare_files() {
            COMPREPLY=($(compgen -f -- "$cur"))
            compopt -o filenames 2>/dev/null
        }
        _fbshare_folders() {
            COMPREPLY=($(compgen -d -- "$cur"))
            compopt -o filenames 2>/dev/null
        }
        _fbshare_displays() {
            COMPREPLY=($(compgen -W "$("${COMP_WORDS[0]}" list --names 2>/dev/null)"$'\nunix:\nqmp:\ndbus:\nlibvirt:' -- "$cur"))
            [[ ${#COMPREPLY[@]} != 1 || ${COMPREPLY[0]} != *: ]] || compopt -o nospace 2>/dev/null
        }
        complete -F _fbshare fbshare

        """;

    public static string Write(IReadOnlyList<CompletionPage> pages)
    {
        var script = new StringBuilder(Begin);
        AppendCommandLines(script, pages);
        script.Append("    case $command:$prev in\n");
        foreach (CompletionPage page in pages)
        {
            foreach (CompletionOption option in page.Options.Where(o => o.Value.Kind != WordKind.None))
            {
                script.Append($"    {string.Join(" | ", option.Names.Select(name => $"{page.Name}:{name}"))}) {Offer(option.Value)}; return ;;\n");
            }
        }
        script.Append("    esac\n    if [[ $cur != -* ]]; then\n        case $command in\n");
        foreach (CompletionPage page in pages)
        {
            string[] offers = page.Name.Length == 0
                ? [$"COMPREPLY=($(compgen -W {Words(pages.Select(p => p.Name).Where(name => name.Length > 0))} -- \"$cur\"))"]
                : [.. page.Arguments.Where(argument => argument.Kind is not (WordKind.Other or WordKind.CommandLine)).Select(Offer).Take(1)];
            if (offers.Length > 0)
            {
                script.Append($"        {(page.Name.Length == 0 ? "''" : page.Name)}) {offers[0]}; return ;;\n");
            }
        }
        script.Append("        esac\n        return\n    fi\n    case $command in\n");
        foreach (CompletionPage page in pages)
        {
            script.Append($"    {(page.Name.Length == 0 ? "''" : page.Name)}) options={Words(page.Options.SelectMany(option => option.Names))} ;;\n");
        }
        return script.Append("    esac\n").Append(End).ToString();
    }

    /// <summary>What stands behind -- is another program's.</summary>
    private static void AppendCommandLines(StringBuilder script, IReadOnlyList<CompletionPage> pages)
    {
        string commands = string.Join(" | ", pages.Where(page => page.Arguments.Any(argument => argument.Kind == WordKind.CommandLine)).Select(page => page.Name));
        script.Append($$"""
                if [[ -n $after ]]; then
                    case $command in
                    {{commands}})
                        if ((COMP_CWORD == after)); then COMPREPLY=($(compgen -c -- "$cur")); else _fbshare_files; fi ;;
                    esac
                    return
                fi

            """);
    }

    private static string Offer(CompletionWord word) => word.Kind switch
    {
        WordKind.Choice => $"COMPREPLY=($(compgen -W {Words(word.Choices)} -- \"$cur\"))",
        WordKind.File => "_fbshare_files",
        WordKind.Folder => "_fbshare_folders",
        WordKind.Display => "_fbshare_displays",
        _ => ":",
    };

    /// <summary>Separated as IFS says.</summary>
    private static string Words(IEnumerable<string> words) => $"$'{string.Join("\\n", words)}'";
}
