using System.CommandLine;
using FbShare.Tools.BenchPeers;

namespace FbShare.Tools;

/// <summary><c>bench-peers</c>: FbShare against QEMU's own ways to show a guest.</summary>
internal sealed class BenchPeersCommand : Command
{
    private readonly Argument<string[]> _cases = new("CASE") { Description = "What to measure (default: all cases whose programs are on this machine, except builtin-blob).", Arity = ArgumentArity.ZeroOrMore };
    private readonly Option<int> _rounds = new("--rounds") { Description = "How often each case runs.", HelpName = "N", DefaultValueFactory = _ => 3 };
    private readonly Option<int> _seconds = new("--seconds") { Description = "How many seconds the guest flips in each run.", HelpName = "S", DefaultValueFactory = _ => 8 };
    private readonly Option<int?> _rate = new("--rate") { Description = "How often the guest flips per second (default: as often as it can, and FbShare does not pace it).", HelpName = "HZ" };
    private readonly Option<string> _card = new("--card") { Description = "What the guest's card program does; `flip 2 full` draws every pixel. `desktop`, `desktop weston` or `desktop labwc`: somebody types in a terminal of a guest with a desktop, --rate keys a second (15).", HelpName = "WHAT", DefaultValueFactory = _ => "flip 2 bar" };
    private readonly Option<string?> _pictures = new("--pictures") { Description = "The folder for pictures of what the X server or the compositor shows at the end, CASE.png.", HelpName = "FOLDER" };

    public BenchPeersCommand()
        : base("bench-peers", $"""
            Measures FbShare against QEMU's own ways to show a guest, with a real guest.

            Boots the test guest in QEMU 11.1 and lets it flip 1920x1080 pictures, for one case after the other and all of them --rounds
            times. Prints medians as a Markdown table; below it, how late the frames in FbShare's window were. CPU times are those that
            /proc has for each thread: of QEMU without the thread that runs guest code, of the device's process, of the viewer, and of
            the X server.

            {ListOfCases()}
            With --card desktop a key that is typed counts as a flip.
            FBSHARE, QEMU, FBSHARE_GUEST and FBSHARE_DESKTOP may name another program, another QEMU and other folders of guests. Other people may use
            the machine, too: compare the rows of one table, not tables of different runs.

            In the testbed, where zero copy works:
              tools/testbed run --timeout 1800 -- sh -c 'echo 16384 >/sys/module/udmabuf/parameters/list_limit
                QEMU=qemu-system-x86_64 FBSHARE=/repo/artifacts/fbshare/fbshare tools/bench-peers --rounds 1 builtin-blob watch'
            """)
    {
        Add(_cases);
        Add(_rounds);
        Add(_seconds);
        Add(_rate);
        Add(_card);
        Add(_pictures);
        foreach (Option option in (Option[])[_rounds, _seconds, _rate])
        {
            option.Validators.Add(result =>
            {
                if (result.Tokens is [var token] && int.TryParse(token.Value, out int value) && value < 1)
                {
                    result.AddError($"{option.Name} must be at least 1.");
                }
            });
        }
        SetAction(RunAsync);
    }

    private async Task<int> RunAsync(ParseResult arguments, CancellationToken stop)
    {
        PeerCase[] cases = [.. Choose(arguments.GetValue(_cases) ?? [])];
        var settings = new PeerSettings(
            arguments.GetValue(_seconds), arguments.GetValue(_rate), arguments.GetValue(_card)!,
            arguments.GetValue(_pictures) is { } folder ? Path.GetFullPath(folder) : null);
        int rounds = arguments.GetValue(_rounds);
        PeerPrograms programs = await PeerPrograms.FindAsync(settings.Desktop is not null, stop);
        string version = (await Programs.OutputAsync(programs.Qemu, ["--version"], stop)).Split('\n')[0];
        var rows = new List<PeerRow>();
        for (int round = 1; round <= rounds; round++)
        {
            foreach (PeerCase peer in cases)
            {
                Say($"round {round} of {rounds}: {peer.Name}");
                await using var run = new CaseRun(peer, settings, programs);
                rows.Add(await run.MeasureAsync(stop));
            }
        }
        Console.WriteLine($"{version}, Linux guest, {(settings.Desktop is { } desktop ? $"typing in {desktop}" : $"`card {settings.Card}`")} at {PeerSettings.Width}x{PeerSettings.Height}"
            + $"{(settings.Rate is { } rate ? $", {rate} {(settings.Desktop is null ? "flips" : "keys")}/s" : "")}, {Environment.ProcessorCount} cores, medians of {rounds} x {settings.Seconds} s");
        Console.WriteLine();
        new PeerTable(rows).Write(Console.Out);
        return ExitCodes.Good;
    }

    private static IEnumerable<PeerCase> Choose(string[] names)
    {
        if (names.Length == 0)
        {
            foreach (PeerCase peer in PeerCase.All.Where(p => p.Setting != PeerSetting.UdmaBufHost))
            {
                if (peer.FindMissingProgram() is { } missing)
                {
                    Say($"leaving out {peer.Name}: there is no {missing} on this machine");
                    continue;
                }
                yield return peer;
            }
        }
        foreach (string name in names)
        {
            PeerCase peer = PeerCase.All.FirstOrDefault(p => p.Name == name) ?? throw new ToolException($"unknown case '{name}': see tools/bench-peers --help");
            yield return peer.FindMissingProgram() is { } missing ? throw new ToolException($"{name} needs {missing}, which this machine does not have") : peer;
        }
    }

    private static string ListOfCases()
    {
        var list = new StringWriter { NewLine = "\n" };
        foreach (IGrouping<PeerSetting, PeerCase> cases in PeerCase.All.GroupBy(p => p.Setting))
        {
            list.WriteLine(cases.Key switch
            {
                PeerSetting.NobodyLooks => "Nobody looks:",
                PeerSetting.NoWindow => "Without a window:",
                PeerSetting.Window => "In a window of an X server (Xvfb), software-rendered:",
                PeerSetting.WaylandWindow => "In a window of a Wayland compositor (Weston drawn by pixman, itself in a window of Xvfb: column X has both):",
                _ => "For a host with /dev/udmabuf (tools/testbed):",
            });
            foreach (PeerCase peer in cases)
            {
                list.WriteLine($"  {peer.Name,-12} {peer.About}");
            }
        }
        return list.ToString();
    }

    private static void Say(string text) => Console.Error.WriteLine($"bench-peers: {text}");
}
