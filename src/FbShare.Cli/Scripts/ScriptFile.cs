using System.Text;

namespace FbShare.Cli.Scripts;

/// <summary>A script's steps: one a line, each a command of the program without its name before it.</summary>
internal static class ScriptFile
{
    /// <summary>Reads the steps: words separated by blanks; '...' and "..." keep blanks together, as they are; # begins a comment.</summary>
    /// <exception cref="ScriptException">A quote is not closed.</exception>
    public static List<ScriptStep> Parse(string text)
    {
        var steps = new List<ScriptStep>();
        int number = 0;
        foreach (string line in text.Split('\n'))
        {
            number++;
            string[] words = Split(line.TrimEnd('\r'), number);
            if (words.Length > 0)
            {
                steps.Add(new ScriptStep(number, line.Trim(), words));
            }
        }
        return steps;
    }

    private static string[] Split(string line, int number)
    {
        var words = new List<string>();
        var word = new StringBuilder();
        bool isWord = false;
        for (int i = 0; i < line.Length; i++)
        {
            char c = line[i];
            if (c is '\'' or '"')
            {
                int end = line.IndexOf(c, i + 1);
                if (end < 0)
                {
                    throw new ScriptException($"line {number}: the quote {c} is not closed");
                }
                word.Append(line, i + 1, end - i - 1);
                isWord = true;
                i = end;
            }
            else if (c is ' ' or '\t')
            {
                if (isWord)
                {
                    words.Add(word.ToString());
                }
                word.Clear();
                isWord = false;
            }
            else if (c == '#' && !isWord)
            {
                break;
            }
            else
            {
                word.Append(c);
                isWord = true;
            }
        }
        if (isWord)
        {
            words.Add(word.ToString());
        }
        return [.. words];
    }
}

/// <summary>One line of a script.</summary>
/// <param name="Line">Its number in the file, from 1.</param>
/// <param name="Text">As it was written.</param>
/// <param name="Words">A command and its arguments.</param>
internal sealed record ScriptStep(int Line, string Text, string[] Words);

/// <summary>A script makes no sense; the message names the line.</summary>
internal sealed class ScriptException(string message) : Exception(message);
