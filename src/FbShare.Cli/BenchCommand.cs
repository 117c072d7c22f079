using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using FbShare.Rig.Bench;

namespace FbShare.Cli;

/// <summary><c>fbshare bench</c>: what the device costs here, without a guest.</summary>
internal sealed class BenchCommand : CliCommand
{
    private readonly Option<bool> _json = new("--json") { Description = "Print the figures as JSON." };
    private readonly Option<int?> _flips = NumberOption.Optional("--flips", 1, int.MaxValue, "Measure nothing: show N pictures in turn, on one processor, and end. For strace and perf.");
    private readonly Option<bool> _kept = new("--kept") { Description = "With --flips: the device writes down what another one would need to go on, as with run and serve --keep." };

    private readonly Option<bool> _watched = new("--watched") { Description = "With --flips: a viewer looks on and answers each picture." };

    public BenchCommand()
        : base(
            "bench",
            "Measures what the device costs on this host: plays the part of QEMU and its guest over a real socket, so none is needed. Takes under a minute; ends with exit status 1 when a goal is missed.",
            "fbshare bench",
            "fbshare bench --json | jq '.figures[] | select(.met == false)'",
            "strace -fc fbshare bench --flips 10000")
    {
        Add(_json);
        Add(_flips);
        Add(_kept);
        Add(_watched);
    }

    public override string? FindContradiction(ParseResult arguments) =>
        arguments.GetValue(_flips) is not null ? null
            : arguments.GetValue(_kept) ? "--kept has no effect without --flips N"
            : arguments.GetValue(_watched) ? "--watched has no effect without --flips N"
            : null;

    protected override int Run(ParseResult arguments, Log log)
    {
        if (arguments.GetValue(_flips) is { } flips)
        {
            Benchmarks.JustFlip(flips, arguments.GetValue(_kept), arguments.GetValue(_watched));
            return ExitCodes.Success;
        }
        bool json = arguments.GetValue(_json);
        var figures = new List<Figure>();
        foreach ((string what, Func<IEnumerable<Figure>> measure) in Stages())
        {
            log.Info($"measuring {what}");
            foreach (Figure figure in measure())
            {
                figures.Add(figure);
                if (!json)
                {
                    Print(figure);
                }
            }
        }
        if (json)
        {
            PrintJson(figures);
        }
        return figures.Exists(f => f.Met == false) ? ExitCodes.Failure : ExitCodes.Success;
    }

    private static IEnumerable<(string What, Func<IEnumerable<Figure>> Measure)> Stages() =>
    [
        ("flips of blobs, nobody looking", Benchmarks.Flips),
        ("commands", Benchmarks.Commands),
        ("how soon a viewer is told", Benchmarks.Told),
        ("copies", Benchmarks.Copies),
        ("what is copied", () => [Benchmarks.Damage()]),
        ("large resources", () => [Benchmarks.Create()]),
        ("flips inside the sandbox", Benchmarks.Sandbox),
    ];

    private static void Print(Figure figure)
    {
        string met = figure.Met switch { true => "met", false => "MISSED", null => "" };
        Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{figure.Name,-32} {figure.Value,14:#,0.###} {figure.Unit,-10} {figure.Goal,-14} {met}").TrimEnd());
    }

    private static void PrintJson(List<Figure> figures)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteStartArray("figures");
            foreach (Figure figure in figures)
            {
                json.WriteStartObject();
                json.WriteString("name", figure.Name);
                json.WriteNumber("value", Math.Round(figure.Value, 4));
                json.WriteString("unit", figure.Unit);
                if (figure.Met is { } met)
                {
                    json.WriteString("goal", figure.Goal);
                    json.WriteBoolean("met", met);
                }
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        Console.Out.WriteLine(Encoding.UTF8.GetString(buffer.ToArray()));
    }
}
