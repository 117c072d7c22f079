using System.CommandLine;
using System.CommandLine.Parsing;
using FbShare.Capture;
using FbShare.Display;
using FbShare.Display.Naming;
using FbShare.Linux;
using FbShare.Pictures;
using FbShare.VirtioGpu;
using Microsoft.Win32.SafeHandles;

namespace FbShare.Cli.Hosting;

/// <summary>The options of the device itself, the same for <c>serve</c> and <c>run</c>.</summary>
internal sealed class DeviceArguments
{
    private const int MostOutputs = 16;

    /// <summary>A Linux guest does not wait longer than 50 ms for a frame.</summary>
    private const int LowestRefresh = 24;
    private const int HighestRefresh = 1000;

    private readonly Option<int> _outputs = NumberOption.WithDefault("--outputs", 1, MostOutputs, 1, $"How many outputs (screens) the guest has, 1 to {MostOutputs}.");
    private readonly Option<PictureSize> _size = new("--size")
    {
        Description = "The size that the guest is told to prefer.",
        HelpName = "WxH",
        DefaultValueFactory = _ => new PictureSize(1280, 800),
        CustomParser = ParseSize,
    };
    private readonly Option<double> _refresh = NumberOption.WithDefault<double>(
        "--refresh",
        LowestRefresh,
        HighestRefresh,
        60,
        $"How often per second an output takes a new picture, {LowestRefresh} to {HighestRefresh}: the guest's animations run at this rate.",
        "HZ");
    private readonly Option<bool> _unthrottled = new("--unthrottled") { Description = "Let the guest draw as fast as it can. For benchmarks: a guest that always draws keeps a processor busy." };
    private readonly Option<bool> _noBlob = new("--no-blob") { Description = "Do not offer blob resources: the guest uses 2D resources, which are copied." };
    private readonly Option<DisplayPlace?> _display = new("--display")
    {
        Description = "Where the screen is served to viewers and other programs (org.qemu.Display1): under a NAME, which every command finds (fbshare list), at unix:PATH, or nowhere (none). Without it: under QEMU's -name, or the number of this process.",
        HelpName = "NAME|unix:PATH|none",
        CustomParser = ParseDisplay,
    };
    private readonly Option<string> _path = Choice("--path", "How pictures reach viewers: auto is the best way that works, the others are that way alone.", "auto", "udmabuf", "mmap", "copy");
    private readonly Option<string> _zeroCopy = Choice("--zero-copy", "Which pictures are shared without copying: blob (those in blob resources), all (2D resources too, which may tear), or off (none).", "blob", "all", "off");
    private readonly Option<string?> _dumpTo = new("--dump-to") { Description = PictureArguments.Describe("Write a picture to this file while running"), HelpName = "FILE" };
    private readonly Option<DumpTrigger> _dumpWhen = new("--dump-when")
    {
        Description = "When to write it: still:1s (after a second without a change) or frame:N (at the Nth frame).",
        HelpName = "WHEN",
        DefaultValueFactory = _ => new DumpTrigger(TimeSpan.FromSeconds(1), 0),
        CustomParser = ParseTrigger,
    };
    private readonly Option<int> _dumpOutput = NumberOption.WithDefault("--dump-output", 0, MostOutputs - 1, 0, "Which output to write.");
    private readonly Option<bool> _cursor = new("--cursor") { Description = "Draw the pointer into the written picture." };
    private readonly Option<string?> _log = new("--log")
    {
        Description = "Write messages to the end of this file, those about --dump-to included, and not to the terminal: that may be the guest's (-serial stdio).",
        HelpName = "FILE",
    };
    private readonly Option<string> _sandbox = Choice(
        "--sandbox", "Confine the device's process to what it needs. auto is as far as this kernel can (fbshare probe tells), on the same or it does not start.", "auto", "on", "off");
    private readonly PictureArguments _picture;

    public DeviceArguments() => _picture = new PictureArguments(_dumpTo);

    public void AddTo(Command command)
    {
        foreach (Option option in (ReadOnlySpan<Option>)[_outputs, _size, _refresh, _unthrottled, _noBlob, _display, _path, _zeroCopy, _dumpTo, _dumpWhen, _dumpOutput, _cursor, _sandbox])
        {
            command.Add(option);
        }
        _picture.AddTo(command);
        command.Add(_log);
    }

    /// <summary>How the device is confined.</summary>
    public SandboxMode ReadSandbox(ParseResult arguments) => Enum.Parse<SandboxMode>(arguments.GetValue(_sandbox)!, ignoreCase: true);

    /// <param name="wish">What the display is called if nobody says where it is to be.</param>
    public DeviceOptions Read(ParseResult arguments, DisplayName wish)
    {
        (int width, int height) = arguments.GetValue(_size);
        return new DeviceOptions
        {
            Gpu = new GpuOptions
            {
                Outputs = arguments.GetValue(_outputs),
                Width = width,
                Height = height,
                Blob = !arguments.GetValue(_noBlob),
                ZeroCopy2D = arguments.GetValue(_zeroCopy) == "all",
                RefreshHz = arguments.GetValue(_unthrottled) ? null : arguments.GetValue(_refresh),
            },
            TellsByLog = arguments.GetValue(_log) is not null,
            Display = arguments.GetValue(_display) ?? DisplayPlace.Wish(wish),
            Path = new PathRequest(
                arguments.GetValue(_path) is "auto" or null ? null : Enum.Parse<FramePath>(arguments.GetValue(_path)!, ignoreCase: true),
                Enum.Parse<ZeroCopyPolicy>(arguments.GetValue(_zeroCopy)!, ignoreCase: true)),
            Sandbox = ReadSandbox(arguments),
            Dump = _picture.Read(arguments) is { } file
                ? new DumpOptions(file, arguments.GetValue(_dumpWhen), arguments.GetValue(_dumpOutput), arguments.GetValue(_cursor))
                : null,
        };
    }

    /// <inheritdoc cref="CliCommand.OpenLog"/>
    public TextWriter OpenLog(ParseResult arguments)
    {
        if (arguments.GetValue(_log) is not { } path)
        {
            return Console.Error;
        }
        try
        {
            // A device and its keeper write the same file: each line to its end.
            return new StreamWriter(new FileStream(new SafeFileHandle(FileDescriptor.OpenToAppend(path).Release(), ownsHandle: true), FileAccess.Write, bufferSize: 0)) { AutoFlush = true };
        }
        catch (LinuxException e)
        {
            throw new CliException(ExitCodes.Failure, $"--log {path}: {e.Message}", e);
        }
    }

    /// <inheritdoc cref="CliCommand.FindContradiction"/>
    public string? FindContradiction(ParseResult arguments)
    {
        if (arguments.GetValue(_unthrottled) && arguments.GetResult(_refresh) is { Implicit: false })
        {
            return "--refresh and --unthrottled contradict each other: give one of them";
        }
        if (arguments.GetValue(_dumpTo) is null)
        {
            Option? idle = Array.Find<Option>([_dumpWhen, _dumpOutput, _cursor], option => arguments.GetResult(option) is { Implicit: false });
            return idle is null ? _picture.FindContradiction(arguments) : $"{idle.Name} has no effect without --dump-to FILE";
        }
        int outputs = arguments.GetValue(_outputs);
        int output = arguments.GetValue(_dumpOutput);
        return output < outputs ? _picture.FindContradiction(arguments) : $"--dump-output {output}: there are outputs 0 to {outputs - 1}";
    }

    private static void Require(OptionResult result, bool good, string otherwise)
    {
        if (!good)
        {
            result.AddError(otherwise);
        }
    }

    /// <summary>An option with a few words to choose from, the first being the default.</summary>
    private static Option<string> Choice(string name, string description, params string[] words)
    {
        var option = new Option<string>(name) { Description = description, DefaultValueFactory = _ => words[0], HelpName = string.Join('|', words) };
        option.AcceptOnlyFromAmong(words);
        return option;
    }

    private static DisplayPlace? ParseDisplay(ArgumentResult result)
    {
        string text = GivenText.Of(result);
        if (DisplayPlace.TryParse(text, out DisplayPlace? place))
        {
            return place;
        }
        result.AddError($"--display {text}: give a name of letters, digits, '.', '_', '-' and '+', or unix:PATH, such as unix:/run/user/1000/screen.sock, or none");
        return null;
    }

    private static PictureSize ParseSize(ArgumentResult result)
    {
        string text = GivenText.Of(result);
        string[] parts = text.Split('x');
        if (parts.Length == 2 && int.TryParse(parts[0], out int width) && int.TryParse(parts[1], out int height)
            && width is >= 16 and <= FrameLayout.MaxDimension && height is >= 16 and <= FrameLayout.MaxDimension)
        {
            return new PictureSize(width, height);
        }
        result.AddError($"--size {text}: give WIDTHxHEIGHT in pixels, from 16x16 to {FrameLayout.MaxDimension}x{FrameLayout.MaxDimension}, such as 1920x1080");
        return default;
    }

    private static DumpTrigger ParseTrigger(ArgumentResult result)
    {
        string text = GivenText.Of(result);
        if (text.StartsWith("still:", StringComparison.Ordinal) && Durations.TryParse(text[6..], out TimeSpan still) && still > TimeSpan.Zero)
        {
            return new DumpTrigger(still, 0);
        }
        if (text.StartsWith("frame:", StringComparison.Ordinal) && int.TryParse(text.AsSpan(6), out int frame) && frame > 0)
        {
            return new DumpTrigger(null, frame);
        }
        result.AddError($"--dump-when {text}: give still:DURATION (still:1s, still:250ms) or frame:N (frame:10)");
        return default;
    }

    /// <summary>Pixels, written as the option takes them.</summary>
    private readonly record struct PictureSize(int Width, int Height)
    {
        public override string ToString() => $"{Width}x{Height}";
    }
}
