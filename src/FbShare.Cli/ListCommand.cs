using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using FbShare.Display.Client;
using FbShare.Display.Naming;
using FbShare.Linux;

namespace FbShare.Cli;

/// <summary><c>fbshare list</c>: the displays of this user that run and have a name.</summary>
internal sealed class ListCommand : CliCommand
{
    /// <summary>A device answers at once; one that is stopped never does.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly Option<bool> _json = new("--json") { Description = "Print a JSON array." };
    private readonly Option<bool> _names = new("--names") { Description = "Print only the names, one a line, without asking the displays for more." };

    public ListCommand()
        : base(
            "list",
            "Lists the displays that are running: those that fbshare run and fbshare serve made under a name, with each output's size, how pictures travel, how many processes watch, and the process that serves it.",
            "fbshare list",
            "fbshare list --json | jq -r '.[].name'",
            "for name in $(fbshare list --names); do fbshare dump $name -o $name.png; done")
    {
        Add(_json);
        Add(_names);
    }

    public override string? FindContradiction(ParseResult arguments) =>
        arguments.GetValue(_json) && arguments.GetValue(_names) ? "--json and --names contradict each other: give one of them" : null;

    protected override int Run(ParseResult arguments, Log log)
    {
        IReadOnlyList<DisplayName> running = DisplayFolder.FindRunning();
        if (arguments.GetValue(_names))
        {
            foreach (DisplayName name in running)
            {
                Console.Out.WriteLine(name);
            }
            return ExitCodes.Success;
        }
        DisplayReport[] reports = [.. running.Select(Ask).OfType<DisplayReport>()];
        if (arguments.GetValue(_json))
        {
            Console.Out.WriteLine(JsonSerializer.Serialize(reports, ListJson.Default.DisplayReportArray));
        }
        else if (reports.Length == 0)
        {
            log.Info("no display is running (fbshare run and fbshare serve make one)");
        }
        else
        {
            Write(reports);
        }
        return ExitCodes.Success;
    }

    /// <returns>Null where it has ended meanwhile.</returns>
    private static DisplayReport? Ask(DisplayName name)
    {
        if (DisplayFolder.Find(name) is not { } path)
        {
            return null;
        }
        string address = $"unix:{path}";
        try
        {
            using var loop = new EventLoop();
            using DisplayClient client = DisplayClient.Connect(loop, new DisplayAddress(DisplayAddressKind.Unix, path), Patience);
            ServedMachine? served = client.AskWhoServes();
            var outputs = new List<OutputReport>();
            foreach (RemoteConsole console in client.Consoles.Where(console => console.IsGraphic))
            {
                console.RefreshStatus();
                outputs.Add(new OutputReport(console.Id, console.Width, console.Height, console.Status.ResourceKind, console.Status.Path));
            }
            return new DisplayReport(name.Text, address, client.Name, [.. outputs], served?.Viewers, served?.ProcessId, null);
        }
        catch (DisplayException e) when (e.InnerException is LinuxException { Errno: Errno.ENOENT or Errno.ECONNREFUSED })
        {
            return null;
        }
        catch (DisplayException e)
        {
            return new DisplayReport(name.Text, address, "", [], null, null, e.Message);
        }
    }

    private static void Write(DisplayReport[] reports)
    {
        string[][] rows = [["NAME", "SIZE", "PATH", "VIEWERS", "PID"], .. reports.Select(RowOf)];
        int[] widths = [.. Enumerable.Range(0, rows[0].Length).Select(column => rows.Max(row => row[column].Length))];
        foreach (string[] row in rows)
        {
            Console.Out.WriteLine(string.Join("  ", row.Select((text, column) => text.PadRight(widths[column]))).TrimEnd());
        }
    }

    private static string[] RowOf(DisplayReport report)
    {
        if (report.Error is not null)
        {
            return [report.Name, "-", "does not answer", "-", "-"];
        }
        string[] paths = [.. report.Outputs.Select(output => output.Path).Where(path => path.Length > 0).Distinct()];
        return
        [
            report.Name,
            string.Join(", ", report.Outputs.Select(output => output.Width == 0 ? "off" : $"{output.Width}x{output.Height}")),
            paths.Length == 0 ? "-" : string.Join(", ", paths),
            Number(report.Viewers),
            Number(report.Pid),
        ];
    }

    private static string Number(uint? number) => number?.ToString(CultureInfo.InvariantCulture) ?? "-";
}

/// <summary>One display that runs.</summary>
/// <param name="Name">What it is found by.</param>
/// <param name="Display">For --display of other programs.</param>
/// <param name="Guest">The machine's own name.</param>
/// <param name="Error">Why the rest is missing; null where it is not.</param>
internal sealed record DisplayReport(string Name, string Display, string Guest, OutputReport[] Outputs, uint? Viewers, uint? Pid, string? Error);

/// <summary>One output; without a size while it is off.</summary>
internal sealed record OutputReport(uint Output, int Width, int Height, string Resource, string Path);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(DisplayReport[]))]
internal sealed partial class ListJson : JsonSerializerContext;
