using System.CommandLine;
using System.Globalization;
using FbShare.Capture;
using FbShare.Cli.Viewer;
using FbShare.Display;
using FbShare.Linux;
using FbShare.Memory;
using FbShare.Pictures;

namespace FbShare.Cli;

/// <summary><c>fbshare region</c>: ranges of any guest memory as a picture, with no virtio at all.</summary>
internal sealed class RegionCommand : CliCommand
{
    private readonly Option<int?> _pid = NumberOption.Optional("--pid", 1, int.MaxValue, "Show the memory of this process: its only memfd, or the one that --fd names.", "PID");
    private readonly Option<int?> _fd = NumberOption.Optional("--fd", 0, int.MaxValue, "Show the memory behind this file descriptor: of the process that --pid names, else one that this process inherited.");
    private readonly Option<string?> _path = new("--path") { Description = "Show the memory in this file.", HelpName = "FILE" };
    private readonly Option<string> _range = new("--range") { Description = "Where the picture is in the memory: offsets and lengths in bytes, in the order of the picture's rows.", HelpName = "OFFSET:LENGTH[,...]", Required = true };
    private readonly Option<string> _size = new("--size") { Description = "The picture's size in pixels.", HelpName = "WxH", Required = true };
    private readonly Option<uint?> _stride = NumberOption.Optional("--stride", 1u, uint.MaxValue, "Bytes from one row to the next (default: the row's pixels, 4 bytes each).", "BYTES");
    private readonly Option<string> _format = new("--format") { Description = "The pixels' DRM fourcc.", HelpName = "FOURCC", DefaultValueFactory = _ => nameof(DrmFormat.XR24) };
    private readonly Option<string?> _output = new("--output", "-o") { Description = PictureArguments.Describe("Write the picture here"), HelpName = "FILE" };
    private readonly Option<bool> _live = new("--live") { Description = "Show it in a window that follows every change." };
    private readonly Option<string> _renderer = RendererOption.Create();
    private readonly PictureArguments _picture;

    public RegionCommand()
        : base(
            "region",
            "Shows parts of a guest's memory as a picture: without copying where udmabuf and the graphics driver allow it.",
            "# the first 1280x800 pixels of QEMU's guest memory",
            "fbshare region --pid $(pidof qemu-system-x86_64) --range 0:0x3e8000 --size 1280x800 -o screen.png",
            "fbshare region --pid $(pidof qemu-system-x86_64) --range 0:0x3e8000 --size 1280x800 --live",
            "fbshare region --path /proc/1234/fd/9 --range 0x1000:8192,0x8000:4096 --size 32x96 --format AR24 -o part.png")
    {
        Add(_pid);
        Add(_fd);
        Add(_path);
        Add(_range);
        Add(_size);
        Add(_stride);
        Add(_format);
        Add(_output);
        Add(_live);
        Add(_renderer);
        _picture = new PictureArguments(_output);
        _picture.AddTo(this);
    }

    public override string? FindContradiction(ParseResult arguments)
    {
        bool hasPath = arguments.GetValue(_path) is not null;
        bool hasProcess = arguments.GetValue(_pid) is not null || arguments.GetValue(_fd) is not null;
        if (hasPath == hasProcess)
        {
            return "give either --pid, --fd or --path, to say whose memory";
        }
        if (arguments.GetResult(_renderer) is { Implicit: false } && !arguments.GetValue(_live))
        {
            return "--renderer is about the window of --live";
        }
        return (arguments.GetValue(_output) is not null) == arguments.GetValue(_live)
            ? "give either --output FILE or --live, to say where the picture goes"
            : _picture.FindContradiction(arguments);
    }

    protected override int Run(ParseResult arguments, Log log)
    {
        PictureOutput? output = _picture.Read(arguments);
        using FileDescriptor file = OpenMemory(arguments);
        using var map = new GuestMemoryMap();
        using Backing pages = MakeBacking(map, file, ParseRanges(arguments.GetValue(_range)!, file.GetStatus().Size));
        using Scanout scanout = Scanout.OfGuest(ParseLayout(arguments, pages.Length), pages, 0, ScanoutKind.Blob);
        if (output is null)
        {
            using var loop = new EventLoop();
            using var display = new RegionDisplay(loop, scanout, Subject(arguments), log);
            var settings = new ViewSettings(new WindowScale(ScaleMode.Fit), Smooth: true, Fullscreen: false, Hud: false, Copy: false, Reconnect: false, new HotKeys())
            {
                Renderer = RendererOption.Read(arguments, _renderer),
            };
            return ViewSession.Show(loop, display.Address, output: null, settings, "-o FILE writes the picture to a file", log);
        }
        using var exporter = new DmaBufExporter(PathRequest.Default, log);
        using var screen = new RegionScreen(scanout, exporter, log);
        output.Write(screen.Look());
        log.Info($"wrote {output.File}: {scanout.Layout} by {screen.Path}");
        return ExitCodes.Success;
    }

    private static CliException Usage(string message) => new(ExitCodes.Usage, message);

    private FileDescriptor OpenMemory(ParseResult arguments)
    {
        try
        {
            if (arguments.GetValue(_path) is { } path)
            {
                return FileDescriptor.Open(path, writable: true);
            }
            if (arguments.GetValue(_pid) is not { } pid)
            {
                using var inherited = new FileDescriptor(arguments.GetValue(_fd)!.Value);
                return inherited.Duplicate();
            }
            return ProcessDescriptors.Take(pid, arguments.GetValue(_fd) ?? FindMemFd(pid));
        }
        catch (LinuxException e)
        {
            throw new CliException(ExitCodes.Failure, e.Errno switch
            {
                Errno.EPERM => MayNotBeRead(Subject(arguments)),
                Errno.ESRCH or Errno.EINVAL => IsNotThere(Subject(arguments)),
                Errno.EBADF => $"there is no descriptor {arguments.GetValue(_fd)} in {Subject(arguments)}",
                _ => e.Message,
            });
        }
    }

    private string Subject(ParseResult arguments) => arguments.GetValue(_pid) is { } pid ? $"process {pid}" : arguments.GetValue(_path) ?? "this process";

    private static string IsNotThere(string subject) => $"{subject} does not exist";

    private static string MayNotBeRead(string subject) => $"{subject} may not be read: run as the same user with sysctl kernel.yama.ptrace_scope=0, or as root";

    private static int FindMemFd(int pid)
    {
        try
        {
            IReadOnlyList<(int Fd, string Name)> memfds = ProcessDescriptors.ListMemFds(pid);
            return memfds.Count switch
            {
                0 => throw new CliException(ExitCodes.Failure, $"process {pid} has no memfd: give its QEMU -object memory-backend-memfd,share=on"),
                1 => memfds[0].Fd,
                _ => throw Usage($"process {pid} has several memfds; choose one of them with --fd: {string.Join(", ", memfds.Select(m => $"{m.Fd} ({m.Name})"))}"),
            };
        }
        catch (DirectoryNotFoundException)
        {
            throw new CliException(ExitCodes.Failure, IsNotThere($"process {pid}"));
        }
        catch (UnauthorizedAccessException)
        {
            throw new CliException(ExitCodes.Failure, MayNotBeRead($"process {pid}"));
        }
    }

    /// <summary>Offsets and lengths, checked against the file and each other.</summary>
    private static List<(ulong Offset, ulong Length)> ParseRanges(string text, long fileSize)
    {
        var ranges = new List<(ulong Offset, ulong Length)>();
        ulong page = (ulong)Environment.SystemPageSize;
        foreach (string part in text.Split(','))
        {
            string[] numbers = part.Split(':');
            if (numbers.Length != 2 || !TryParse(numbers[0], out ulong offset) || !TryParse(numbers[1], out ulong length))
            {
                throw Usage($"\"{part}\" is not a range: write OFFSET:LENGTH, in bytes, decimal or 0x...");
            }
            if (offset % page != 0 || length % page != 0 || length == 0)
            {
                throw Usage($"range {part} does not start and end at a page's edge: both numbers must be multiples of {page}, and the length not 0");
            }
            if (offset > (ulong)fileSize || length > (ulong)fileSize - offset)
            {
                throw Usage($"range {part} ends after the file's {fileSize} bytes");
            }
            if (ranges.Exists(r => offset < r.Offset + r.Length && r.Offset < offset + length))
            {
                throw Usage($"range {part} overlaps another one");
            }
            ranges.Add((offset, length));
        }
        return ranges;
    }

    private static bool TryParse(string text, out ulong value) => text.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
        ? ulong.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value)
        : ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);

    private static Backing MakeBacking(GuestMemoryMap map, FileDescriptor file, List<(ulong Offset, ulong Length)> ranges)
    {
        map.Add(MemoryRegion.Map(file.Duplicate(), 0, (ulong)file.GetStatus().Size, 0, 0));
        // An entry's length has 32 bits.
        const ulong Most = 1UL << 30;
        var entries = new List<MemoryEntry>();
        foreach ((ulong offset, ulong length) in ranges)
        {
            for (ulong done = 0; done < length; done += Most)
            {
                entries.Add(new MemoryEntry(offset + done, (uint)Math.Min(Most, length - done)));
            }
        }
        return Backing.TryCreate(map, entries.ToArray(), out Backing? backing, out string? why) ? backing : throw Usage(why);
    }

    private FrameLayout ParseLayout(ParseResult arguments, long available)
    {
        string[] size = arguments.GetValue(_size)!.Split('x');
        if (size.Length != 2 || !TryParse(size[0], out ulong width) || !TryParse(size[1], out ulong height) || width > uint.MaxValue / 4 || height > uint.MaxValue)
        {
            throw Usage($"\"{arguments.GetValue(_size)}\" is not a size: write WIDTHxHEIGHT");
        }
        if (!DrmFormats.TryParse(arguments.GetValue(_format)!, out DrmFormat format))
        {
            throw Usage($"format {arguments.GetValue(_format)} is not known: one of {string.Join(", ", DrmFormats.All.ToArray())}");
        }
        uint stride = arguments.GetValue(_stride) ?? (uint)width * DrmFormats.BytesPerPixel;
        return FrameLayout.TryCreate(format, (uint)width, (uint)height, stride, 0, available, out FrameLayout layout, out string? why)
            ? layout
            : throw Usage($"the picture does not fit: {why}");
    }
}
