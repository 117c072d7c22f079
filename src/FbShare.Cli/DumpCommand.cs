using System.CommandLine;
using System.CommandLine.Parsing;
using FbShare.Capture;
using FbShare.Cli.Hosting;
using FbShare.Display.Client;
using FbShare.Graphics;
using FbShare.Linux;

namespace FbShare.Cli;

/// <summary><c>fbshare dump</c>: one frame of a running display, as a file.</summary>
internal sealed class DumpCommand : CliCommand
{
    private static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(30);
    private static readonly DumpTrigger AtOnce = new(null, 1);

    private readonly DisplayChoice _display = new(takesWord: true);
    private readonly Option<string?> _file = new("-o", "--to") { Description = PictureArguments.Describe("Write the picture here"), HelpName = "FILE", Required = true };
    private readonly Option<uint?> _output = NumberOption.Optional("--output", 0u, uint.MaxValue, "Which output to take (default: 0).");
    private readonly Option<bool> _all = new("--all") { Description = "Write every output, each to a file of its own: FILE with the output's number before its ending." };
    private readonly Option<TimeSpan?> _waitStill = new("--wait-still")
    {
        Description = "Wait until the picture has not changed for this long (1s, 250ms).",
        HelpName = "TIME",
        CustomParser = r => DisplayArguments.ParseDuration(r, "--wait-still"),
    };
    private readonly Option<int?> _frame = NumberOption.Optional("--frame", 1, int.MaxValue, "Wait for the Nth frame from now on; 1 is the frame that is shown now.");
    private readonly Option<TimeSpan?> _timeout = new("--timeout")
    {
        Description = "Give up after this long, with exit status 3 (default: 30s).",
        HelpName = "TIME",
        CustomParser = r => DisplayArguments.ParseDuration(r, "--timeout"),
    };
    private readonly Option<bool> _cursor = new("--cursor") { Description = "Draw the pointer into the picture." };
    private readonly Option<bool> _copy = new("--copy") { Description = "Have the display copy the picture, even where it could be shared without copying." };
    private readonly Option<bool> _gl = new("--gl")
    {
        Description = "Read it through the graphics driver, from the guest's own pages, as a viewer draws it (default: from the memory that the display shares).",
    };
    private readonly Option<string?> _format = new("--format") { Description = "The file's format, whatever the file's name says.", HelpName = string.Join('|', PictureFormats.Names) };
    private readonly PictureArguments _picture;

    public DumpCommand()
        : base(
            "dump",
            "Writes what a running display shows to a file.",
            "fbshare dump -o screen.png",
            "fbshare dump debian --all --wait-still 1s -o screen.png",
            "fbshare dump debian --crop 0,0,640x480 --scale 50% -o part.webp",
            "# of a stock QEMU, started with -display dbus,p2p=yes -qmp unix:/tmp/qmp.sock,server=on,wait=off:",
            "fbshare dump --display qmp:/tmp/qmp.sock -o screen.png")
    {
        _display.AddTo(this);
        foreach (Option option in (ReadOnlySpan<Option>)[_file, _output, _all, _waitStill, _frame, _timeout, _cursor, _copy, _gl, _format])
        {
            Add(option);
        }
        _picture = new PictureArguments(_file, _format);
        _picture.AddTo(this);
    }

    public override string? FindContradiction(ParseResult arguments)
    {
        if (arguments.GetValue(_all) && arguments.GetResult(_output) is { Implicit: false })
        {
            return "--output and --all contradict each other: give one of them";
        }
        if (arguments.GetResult(_waitStill) is { Implicit: false } && arguments.GetResult(_frame) is { Implicit: false })
        {
            return "--wait-still and --frame contradict each other: give one of them";
        }
        if (arguments.GetValue(_gl) && arguments.GetValue(_copy))
        {
            return "--gl and --copy contradict each other: a driver reads what is shared without copying";
        }
        return _display.FindContradiction(arguments) ?? _picture.FindContradiction(arguments);
    }

    protected override int Run(ParseResult arguments, Log log)
    {
        PictureOutput output = _picture.Read(arguments)!;
        using var loop = new EventLoop();
        using var signals = new StopSignals(_ => loop.Stop());
        DisplayLoss? lost = null;
        bool late = false;
        using var timer = new LoopTimer(loop, () =>
        {
            late = true;
            loop.Stop();
        });
        TimeSpan timeout = arguments.GetValue(_timeout) ?? DefaultTimeout;
        timer.SetAfter(timeout);
        using DisplayClient client = DisplayArguments.Connect(loop, _display.Read(arguments));
        client.Log = log;
        client.Lost = why =>
        {
            lost = why;
            loop.Stop();
        };
        using DriverReading? driver = arguments.GetValue(_gl) ? new DriverReading(loop, log) : null;
        bool all = arguments.GetValue(_all);
        DumpTrigger trigger = arguments.GetValue(_waitStill) is { } still ? new DumpTrigger(still, 0)
            : arguments.GetValue(_frame) is { } frame ? new DumpTrigger(null, frame) : AtOnce;
        var dumps = new List<(RemoteConsole Console, RemoteDump Dump)>();
        var taken = new List<(RemoteConsole Console, Picture Picture)>();
        try
        {
            List<RemoteConsole> consoles = DisplayArguments.Choose(client, all ? null : arguments.GetValue(_output) ?? 0);
            foreach (RemoteConsole console in consoles)
            {
                var dump = new RemoteDump(loop, console, trigger, arguments.GetValue(_cursor), picture =>
                {
                    taken.Add((console, picture));
                    if (taken.Count == consoles.Count)
                    {
                        loop.Stop();
                    }
                }, driver is null ? null : picture => driver.Read(console, picture));
                dumps.Add((console, dump));
                DisplayArguments.Try(() => console.Watch(dump, takeDmaBuf: !arguments.GetValue(_copy)));
            }
            loop.Run();
            if (driver?.Obstacle is { } obstacle)
            {
                throw DriverReading.Failed(obstacle);
            }
            if (lost is null && !late && signals.ExitCode is null)
            {
                foreach ((RemoteConsole console, Picture picture) in taken)
                {
                    PictureOutput own = all ? output with { File = Numbered(output.File, console.Id) } : output;
                    Console.Out.WriteLine(Describe(own.File, own.Write(picture), console, driver));
                }
                return ExitCodes.Success;
            }
        }
        finally
        {
            dumps.ForEach(d => d.Dump.Dispose());
        }
        if (signals.ExitCode is { } code)
        {
            return code;
        }
        if (lost is not null)
        {
            throw new CliException(DisplayArguments.ExitCodeOf(lost.Kind), lost.Reason);
        }
        foreach ((RemoteConsole console, RemoteDump dump) in dumps)
        {
            if (!taken.Exists(t => t.Console == console))
            {
                throw new CliException(
                    dump.Obstacle is null ? ExitCodes.Timeout : ExitCodes.Unfit,
                    dump.Obstacle is { } obstacle ? $"output {console.Id}: {obstacle}, such as 'fbshare view'"
                        : console.Picture is null ? $"output {console.Id} showed nothing for {timeout.TotalSeconds:0.###} s: is the guest up? (--timeout waits longer)"
                        : $"output {console.Id} did not {Describe(trigger)} within {timeout.TotalSeconds:0.###} s (--timeout waits longer)");
            }
        }
        throw new CliException(ExitCodes.Timeout, $"nothing came within {timeout.TotalSeconds:0.###} s");
    }

    private static string Describe(DumpTrigger trigger) =>
        trigger.Still is { } still ? $"stay still for {still.TotalSeconds:0.###} s" : $"show frame {trigger.Frame}";

    private static string Describe(string file, Picture picture, RemoteConsole console, DriverReading? driver)
    {
        DisplayArguments.Try(console.RefreshStatus);
        RemoteStatus status = console.Status;
        RemotePictureSource? source = console.Picture?.Source;
        string line = status.IsKnown
            ? FrameLine.Describe(file, picture, status.ResourceKind, status.Path, status.Reason)
            : FrameLine.Describe(file, picture, "not told", source == RemotePictureSource.DmaBuf ? "dma-buf" : "copy", source switch
            {
                RemotePictureSource.DmaBuf => "QEMU shared its own texture",
                RemotePictureSource.Map => "QEMU shared its surface",
                _ => "QEMU sent pixels in messages",
            });
        return driver is null ? line : $"{line}, drawn by {driver.Driver}";
    }

    /// <summary>Reads pictures through the graphics driver, and ends the loop when that does not work.</summary>
    private sealed class DriverReading : IDisposable
    {
        private readonly EventLoop _loop;
        private readonly GlReader _reader;

        public DriverReading(EventLoop loop, Log log)
        {
            _loop = loop;
            try
            {
                _reader = GlReader.Open(log.Verbose);
            }
            catch (GraphicsException e)
            {
                throw Failed(e.Message);
            }
        }

        public static CliException Failed(string why) =>
            new(ExitCodes.Unfit, $"the picture cannot be read through a graphics driver: {why}; without --gl it can be read");

        public string Driver => _reader.Driver;

        /// <summary>Why a picture could not be read.</summary>
        public string? Obstacle { get; private set; }

        public Picture? Read(RemoteConsole console, RemotePicture picture)
        {
            if (picture.DmaBuf is not { } frame)
            {
                return Stop(console.Status is { IsKnown: true, Reason: { Length: > 0 } why } ? $"the display copies it ({why})" : "the display copies it");
            }
            try
            {
                return _reader.Read(frame, picture.IsBottomUp);
            }
            catch (GraphicsException e)
            {
                return Stop(e.Message);
            }
        }

        public void Dispose() => _reader.Dispose();

        private Picture? Stop(string why)
        {
            Obstacle = why;
            _loop.Stop();
            return null;
        }
    }

    private static string Numbered(string file, uint output) =>
        Path.Combine(Path.GetDirectoryName(file) ?? "", $"{Path.GetFileNameWithoutExtension(file)}-{output}{Path.GetExtension(file)}");
}
