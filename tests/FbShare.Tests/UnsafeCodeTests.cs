using System.Text.RegularExpressions;
using FbShare.Tools;
using Xunit;

namespace FbShare.Tests;

/// <summary>Pointers stand where they are needed, and each place says why it is sound.</summary>
public sealed partial class UnsafeCodeTests
{
    [Fact]
    public void No_type_is_unsafe_as_a_whole()
    {
        Assert.Matches(UnsafeType(), "internal static unsafe partial class LibC");
        Assert.Equal([], from file in Sources() from line in File.ReadLines(file) where UnsafeType().IsMatch(line) select $"{file}: {line.Trim()}");
    }

    [Fact]
    public void Every_unsafe_member_with_code_says_why_it_is_sound()
    {
        string[] members = [.. Sources().SelectMany(file => MembersIn(File.ReadAllLines(file)).Select(member => $"{file}: {member}"))];

        Assert.True(members.Length > 100, "hardly any unsafe member was found");
        string[] silent = [.. members.Where(member => !member.Contains("// SAFETY: ", StringComparison.Ordinal))];
        Assert.True(silent.Length == 0, string.Join("\n", silent));
    }

    private static IEnumerable<string> Sources() => Directory.EnumerateFiles(Repository.PathOf("src"), "*.cs", SearchOption.AllDirectories)
        .Where(file => !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("/bin/", StringComparison.Ordinal));

    /// <summary>Each unsafe member that is no mere declaration, with the comments before it.</summary>
    private static IEnumerable<string> MembersIn(string[] lines)
    {
        for (int at = 0; at < lines.Length; at++)
        {
            if (!UnsafeMember().IsMatch(lines[at]))
            {
                continue;
            }
            int first = at;
            while (first > 0 && lines[first - 1].TrimStart().StartsWith('/'))
            {
                first--;
            }
            string margin = lines[at][..^lines[at].TrimStart().Length];
            int last = at;
            for (bool isBlock = false; isBlock ? lines[last] != $"{margin}}}" : !lines[last].EndsWith(';') && !lines[last].EndsWith('}'); last++)
            {
                isBlock |= lines[last + 1] == $"{margin}{{";
            }
            string member = string.Join('\n', lines[first..(last + 1)]);
            if (Code().IsMatch(member))
            {
                yield return member;
            }
        }
    }

    [GeneratedRegex(@"^[a-z ]*\bunsafe [a-z ]*\b(class|struct|record|interface)\b")]
    private static partial Regex UnsafeType();

    /// <summary>Not the declarations of native functions and of buffers.</summary>
    [GeneratedRegex(@"^ +[a-z ]*\bunsafe (?!partial|fixed)")]
    private static partial Regex UnsafeMember();

    [GeneratedRegex(@"=>|^ +\{$| = ", RegexOptions.Multiline)]
    private static partial Regex Code();
}
