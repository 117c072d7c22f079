using System.CommandLine;
using System.Globalization;
using System.Reflection;
using FbShare.Cli.Documents;

namespace FbShare.Cli;

/// <summary><c>fbshare docs</c>: the manual pages, for whoever makes a package.</summary>
internal sealed class DocsCommand : CliCommand
{
    private readonly Option<string> _man = new("--man") { Description = "Write a manual page for fbshare and one for each command into this folder.", HelpName = "DIR", Required = true };

    public DocsCommand()
        : base("docs", "Writes the manual pages.", "fbshare docs --man man1 && man man1/fbshare-run.1")
    {
        Hidden = true;
        Add(_man);
    }

    protected override int Run(ParseResult arguments, Log log)
    {
        string folder = arguments.GetValue(_man)!;
        var root = new FbShareCommand();
        CommandPage[] pages = [CommandPage.Of(root), .. root.Subcommands.Where(command => !command.Hidden).Select(CommandPage.Of)];
        string version = typeof(DocsCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];
        DateOnly date = DateOnly.FromDateTime(ReadDate());
        try
        {
            Directory.CreateDirectory(folder);
            foreach (CommandPage page in pages)
            {
                File.WriteAllText(Path.Combine(folder, ManualPage.FileNameOf(page)), ManualPage.Write(page, version, date, pages));
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCodes.Failure, $"the manual pages cannot be written: {e.Message}", e);
        }
        return ExitCodes.Success;
    }

    /// <summary>The same sources make the same pages (reproducible-builds.org).</summary>
    private static DateTime ReadDate() => long.TryParse(Environment.GetEnvironmentVariable("SOURCE_DATE_EPOCH"), NumberStyles.None, CultureInfo.InvariantCulture, out long seconds)
        && seconds <= DateTimeOffset.MaxValue.ToUnixTimeSeconds()
        ? DateTimeOffset.FromUnixTimeSeconds(seconds).UtcDateTime
        : DateTime.UtcNow;
}
