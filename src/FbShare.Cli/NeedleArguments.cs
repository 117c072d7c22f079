using System.CommandLine;
using FbShare.Capture;
using FbShare.Pictures;
using FbShare.Testing.Needles;

namespace FbShare.Cli;

/// <summary>How pictures are compared, the same for every command that compares some.</summary>
internal sealed class NeedleArguments
{
    /// <summary>What a needle is, for help.</summary>
    public const string Kinds = "a picture (every pixel must be equal, unless an option says otherwise; one smaller than the screen is looked for everywhere), or a needle of os-autoinst (.json, with its .png beside it)";

    private readonly Option<int?> _tolerance = NumberOption.Optional("--tolerance", 0, 255, "By how much red, green and blue of a pixel may be off.");
    private readonly Option<double?> _share = PercentOption.Optional("--differing", "How many of the pixels may differ by more than that.");
    private readonly Option<double?> _similarity = PercentOption.Optional("--similarity", "Do not compare pixels, but ask for this similarity, as os-autoinst measures it (its default is 96%).");
    private readonly Option<int?> _margin = NumberOption.Optional("--margin", 0, FrameLayout.MaxDimension, "With --similarity: how many pixels away from its place it may be (default: 0).", "PIXELS");

    public void AddTo(Command command)
    {
        command.Add(_tolerance);
        command.Add(_share);
        command.Add(_similarity);
        command.Add(_margin);
    }

    /// <summary>Reads a needle.</summary>
    /// <param name="areas">What of a picture counts; all of it, if there are none.</param>
    /// <param name="masks">What does not count.</param>
    /// <exception cref="CaptureException">It cannot be read.</exception>
    public Needle Load(ParseResult arguments, string path, IReadOnlyList<Rect> areas, IReadOnlyList<Rect> masks) => Needle.Load(path, new NeedleOptions
    {
        Tolerance = new PixelTolerance(arguments.GetValue(_tolerance) ?? 0, arguments.GetValue(_share) ?? 0),
        Similarity = arguments.GetValue(_similarity),
        Margin = arguments.GetValue(_margin) ?? 0,
        Areas = areas,
        Masks = masks,
    });

    /// <inheritdoc cref="CliCommand.FindContradiction"/>
    public string? FindContradiction(ParseResult arguments, IEnumerable<string> needles)
    {
        bool measures = arguments.GetValue(_similarity) is not null;
        bool comparesPixels = arguments.GetValue(_tolerance) is not null || arguments.GetValue(_share) is not null;
        return measures && comparesPixels ? "--similarity contradicts --tolerance and --differing: give one or the others"
            : arguments.GetValue(_margin) is not null && !measures ? "--margin has no effect without --similarity"
            : (measures || comparesPixels) && needles.FirstOrDefault(Needle.IsOsAutoinst) is { } file ? $"{file} says itself how it is compared: give no --tolerance, --differing, --similarity or --margin"
            : null;
    }
}
