using System.CommandLine;
using System.CommandLine.Parsing;
using FbShare.Capture;
using FbShare.Pictures;

namespace FbShare.Cli;

/// <summary>How a picture is written, the same for every command that writes one: its format, part, size and compression.</summary>
/// <param name="file">The command's option that names the file; without it these have no effect.</param>
/// <param name="format">The command's option for a format other than the one that the file's ending says; null where it has none.</param>
internal sealed class PictureArguments(Option<string?> file, Option<string?>? format = null)
{
    private const string Best = "best";

    private readonly Option<Rect?> _crop = AreaOption.Optional("--crop", "Write only this part of the picture, in its pixels.");
    private readonly Option<PictureScale?> _scale = new("--scale")
    {
        Description = "Write it smaller or larger: in percent of its size, or exactly this size.",
        HelpName = "PERCENT%|WxH",
        CustomParser = ParseScale,
    };
    private readonly Option<string?> _compress = new("--compress")
    {
        Description = "Write a .png, .jpg or .webp in milliseconds (default: fast), or take longer for a smaller file (a .jpg loses more).",
        HelpName = $"fast|{Best}",
    };

    /// <summary>An option's text about a file to write.</summary>
    public static string Describe(string purpose) => $"{purpose} ({PictureFormats.Endings}).";

    public void AddTo(Command command)
    {
        command.Add(_crop);
        command.Add(_scale);
        command.Add(_compress);
        _compress.AcceptOnlyFromAmong("fast", Best);
        format?.AcceptOnlyFromAmong([.. PictureFormats.Names]);
    }

    /// <summary>What the command line says of the file; null where it names none.</summary>
    /// <exception cref="CaptureException">Such a file cannot be made here.</exception>
    public PictureOutput? Read(ParseResult arguments)
    {
        if (arguments.GetValue(file) is not { } path)
        {
            return null;
        }
        _ = TryGetFormat(path, format is null ? null : arguments.GetValue(format), out PictureFormat kind);
        var output = new PictureOutput(path, kind)
        {
            Crop = arguments.GetValue(_crop),
            Scale = arguments.GetValue(_scale),
            Compression = arguments.GetValue(_compress) == Best ? Compression.Best : Compression.Fast,
        };
        output.EnsurePossible();
        return output;
    }

    /// <inheritdoc cref="CliCommand.FindContradiction"/>
    public string? FindContradiction(ParseResult arguments)
    {
        if (arguments.GetValue(file) is not { } path)
        {
            Option? idle = Array.Find<Option>([_crop, _scale, _compress], option => arguments.GetResult(option) is { Implicit: false });
            return idle is null ? null : $"{idle.Name} has no effect without {file.Name} FILE";
        }
        if (!TryGetFormat(path, format is null ? null : arguments.GetValue(format), out PictureFormat kind))
        {
            return $"{file.Name} {path}: name the file {PictureFormats.Endings}{(format is null ? "" : $", or give {format.Name}")}";
        }
        return kind.IsEncoded() || arguments.GetResult(_compress) is not { Implicit: false }
            ? null
            : $"--compress has no effect on {kind.ToString().ToLowerInvariant()} files, which are not compressed: write a .png, .jpg or .webp";
    }

    private static bool TryGetFormat(string path, string? name, out PictureFormat kind) =>
        name is null ? PictureFormats.TryOf(path, out kind) : PictureFormats.TryParse(name, out kind);

    private static PictureScale? ParseScale(ArgumentResult result)
    {
        string text = GivenText.Of(result);
        if (PictureScale.TryParse(text, out PictureScale scale))
        {
            return scale;
        }
        result.AddError($"--scale {text}: give a percentage such as 50% or a size in pixels such as 320x200");
        return null;
    }
}
