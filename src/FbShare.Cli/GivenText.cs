using System.CommandLine.Parsing;

namespace FbShare.Cli;

/// <summary>What the user gave an option that takes one word.</summary>
internal static class GivenText
{
    /// <summary>The word; empty where there is none or more than one.</summary>
    public static string Of(ArgumentResult result) => result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
}
