using System.CommandLine;

namespace FbShare.Cli;

/// <summary>The fbshare program: one command per file.</summary>
internal static class Program
{
    private static int Main(string[] args)
    {
        var root = new RootCommand("Shares a QEMU guest's screen with the host without copying it.");
        return root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null }).Invoke();
    }
}
