using System.CommandLine;
using FbShare.Tools.BenchCheck;

namespace FbShare.Tools;

/// <summary><c>bench-check</c>: whether the device costs what it should.</summary>
internal sealed class BenchCheckCommand : Command
{
    private readonly Option<FileInfo> _fbshare = new("--fbshare") { Description = "The program (default: artifacts/fbshare/fbshare, published from the present sources).", HelpName = "FILE" };
    private readonly Option<int> _tries = new("--tries") { Description = "A figure counts as missed if it is missed in this many runs.", HelpName = "N", DefaultValueFactory = _ => 3 };
    private readonly Option<bool> _table = new("--table") { Description = "Only print the values of one run; check nothing." };

    public BenchCheckCommand()
        : base("bench-check", """
            Checks that the device costs what it should.

            Compares counts, and ratios of what `fbshare bench --json` measured in one run: never plain times, which differ from
            machine to machine and from hour to hour. `floor` is an eventfd written, waited for and read. System calls per flip are
            counted by strace in two runs of different length, so that the program's start cancels out.
            Others may use the machine too, so a figure is missed only if it is missed in each of several runs.

            Exit code 0 if every figure was met, 1 if not (it says which), 2 if they could not be measured.
            """)
    {
        Add(_fbshare);
        Add(_tries);
        Add(_table);
        _tries.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() < 1)
            {
                result.AddError("--tries must be at least 1.");
            }
        });
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult arguments, CancellationToken stop)
    {
        bool isTable = arguments.GetValue(_table);
        int tries = isTable ? 1 : arguments.GetValue(_tries);
        if (!Programs.IsHere("strace"))
        {
            throw new ToolException("there is no strace on this machine: apt-get install strace");
        }
        var bench = new Bench(arguments.GetValue(_fbshare)?.FullName ?? await Repository.PublishFbShareAsync(stop));
        CheckResult[] results = [.. Check.All.Select(check => new CheckResult(check))];
        for (int i = 0; i < tries && !results.All(r => r.IsMet); i++)
        {
            Figures figures = await bench.MeasureAsync(stop);
            foreach (CheckResult result in results.Where(r => !r.IsMet))
            {
                result.Add(figures);
            }
        }
        foreach (CheckResult result in results)
        {
            Console.WriteLine(result.Row(tellsMiss: !isTable));
        }
        if (isTable || results.All(r => r.IsMet))
        {
            return ExitCodes.Good;
        }
        Console.WriteLine($"bench-check: {results.Count(r => !r.IsMet)} of {results.Length} figures missed in each of {tries} runs");
        return ExitCodes.Bad;
    }
}
