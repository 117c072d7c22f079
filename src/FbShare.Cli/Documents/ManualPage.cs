using System.Globalization;
using System.Text;

namespace FbShare.Cli.Documents;

/// <summary>A manual page (man(7)) of a command, made of what its --help says.</summary>
internal static class ManualPage
{
    private const string Section = "1";

    /// <summary>Longer lines are bad style (mandoc).</summary>
    private const int LineLength = 78;

    /// <summary>The file that it belongs in: fbshare.1, fbshare-run.1.</summary>
    public static string FileNameOf(CommandPage page) => $"{Title(page)}.{Section}";

    /// <param name="version">The program's.</param>
    /// <param name="date">When that was made.</param>
    /// <param name="all">Every page, which this one's end refers to.</param>
    public static string Write(CommandPage page, string version, DateOnly date, IReadOnlyList<CommandPage> all)
    {
        var roff = new StringBuilder();
        roff.Append($".\\\" Made by 'fbshare docs': what 'fbshare --help' says.\n");
        roff.Append($".TH {Quote(Title(page).ToUpperInvariant())} {Section} {date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)} {Quote($"fbshare {version}")} \"FbShare\"\n");
        roff.Append(".SH NAME\n").Append($"{Escape(Title(page))} \\- {Escape(Summary(page.Description))}\n");
        roff.Append(".SH SYNOPSIS\n.nf\n").Append($"\\fB{Escape(page.Name)}\\fR{Escape(page.Usage[page.Name.Length..])}\n").Append(".fi\n");
        roff.Append(".SH DESCRIPTION\n").Append(Paragraph(page.Description));
        AppendRows(roff, "ARGUMENTS", page.Arguments);
        AppendRows(roff, "OPTIONS", page.Options);
        AppendRows(roff, "COMMANDS", page.Commands);
        AppendRows(roff, "EXIT STATUS", [.. ExitCodes.Table.Select(row => new PageRow(row.Status, row.Meaning))]);
        roff.Append(".SH EXAMPLES\n.nf\n");
        foreach (string example in page.Examples)
        {
            roff.Append($"{Escape(example)}\n");
        }
        roff.Append(".fi\n.SH SEE ALSO\n");
        roff.Append(string.Join(",\n", all.Where(other => other.Name != page.Name).Select(other => $"\\fB{Escape(Title(other))}\\fR({Section})"))).Append('\n');
        return roff.ToString();
    }

    private static string Title(CommandPage page) => page.Name.Replace(' ', '-');

    /// <summary>The first sentence, without its end; where there is a list behind a colon, what stands before it.</summary>
    private static string Summary(string description)
    {
        int end = description.AsSpan().IndexOfAny(":;");
        string first = end < 0 ? description : description[..end];
        int stop = first.IndexOf(". ", StringComparison.Ordinal);
        first = (stop < 0 ? first : first[..stop]).TrimEnd('.');
        return first.Length == 0 ? first : char.ToLowerInvariant(first[0]) + first[1..];
    }

    private static void AppendRows(StringBuilder roff, string title, IReadOnlyList<PageRow> rows)
    {
        if (rows.Count == 0)
        {
            return;
        }
        roff.Append($".SH {Quote(title)}\n");
        foreach (PageRow row in rows)
        {
            roff.Append(".TP\n").Append($"\\fB{Escape(row.Name)}\\fR\n").Append(Paragraph(row.Text));
        }
    }

    /// <summary>Short lines, and a new one for each sentence, as is usual in roff.</summary>
    private static string Paragraph(string text)
    {
        var lines = new StringBuilder();
        int length = 0;
        foreach (string word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            // Of a word that would be a request at a line's beginning, too: it may come there.
            string escaped = Escape(word);
            bool breaks = length > 0 && (length + 1 + escaped.Length > LineLength || lines[^1] == '.');
            lines.Append(length == 0 ? "" : breaks ? "\n" : " ").Append(escaped);
            length = (breaks || length == 0 ? 0 : length + 1) + escaped.Length;
        }
        return lines.Append('\n').ToString();
    }

    private static string Quote(string text) => $"\"{Escape(text)}\"";

    /// <summary>Text that is printed as it is: no request at a line's beginning, and no character that a typesetter makes prettier.</summary>
    private static string Escape(string text)
    {
        var escaped = new StringBuilder(text.Length + 8);
        foreach (char c in text)
        {
            escaped.Append(c switch
            {
                '\\' => "\\e",
                '-' => "\\-",
                '\'' => "\\(aq",
                '"' => "\\(dq",
                '`' => "\\(ga",
                '^' => "\\(ha",
                '~' => "\\(ti",
                '.' when escaped.Length == 0 => "\\&.",
                _ => c.ToString(),
            });
        }
        return escaped.ToString();
    }
}
