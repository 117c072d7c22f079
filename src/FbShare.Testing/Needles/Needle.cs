using FbShare.Capture;
using FbShare.Pictures;
using FbShare.Testing.Screens;

namespace FbShare.Testing.Needles;

/// <summary>A picture that a screen is compared with: a golden picture, pixel by pixel, or a needle of os-autoinst, by similarity.</summary>
/// <remarks>A golden picture that is smaller than the screen, and has no areas, is looked for everywhere. Does not change: may be used by
/// several threads.</remarks>
public sealed class Needle
{
    private readonly NeedleOptions _options;
    private readonly bool _isMeasured;
    private readonly Rect[] _masks;

    /// <summary>The areas that must match, in order, with what they look like to <see cref="TemplateSearch"/>.</summary>
    private readonly (NeedleArea Area, GrayPicture? Template)[] _areas;
    private readonly PictureSearch? _search;

    private Needle(string name, Picture picture, IReadOnlyList<NeedleArea> areas, IReadOnlyList<string> tags, NeedleOptions options, bool isMeasured)
    {
        Name = name;
        Picture = picture;
        Areas = areas;
        Tags = tags;
        _options = options;
        _isMeasured = isMeasured;
        _masks = [.. areas.Where(a => a.Kind == NeedleAreaKind.Exclude).Select(a => a.Bounds)];
        _areas = [.. areas.Where(a => a.Kind == NeedleAreaKind.Match)
            .Select(a => (a, isMeasured ? GrayPicture.Of(picture, a.Bounds, _masks) : null))];
        _search = !isMeasured && options.Areas.Count == 0 && _masks.Length == 0 ? new PictureSearch(picture, options.Tolerance.Channel) : null;
    }

    /// <summary>The file's name, without its folder and ending.</summary>
    public string Name { get; }

    /// <summary>What it looks like.</summary>
    public Picture Picture { get; }

    /// <summary>What of it counts.</summary>
    public IReadOnlyList<NeedleArea> Areas { get; }

    /// <summary>os-autoinst's names for it; empty for a golden picture.</summary>
    public IReadOnlyList<string> Tags { get; }

    /// <summary>Reads a picture, or a needle of os-autoinst (.json, with a .png beside it).</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">How to compare. A needle of os-autoinst says that itself; only masks are added to its own.</param>
    /// <exception cref="CaptureException">The file cannot be read, or is no needle.</exception>
    public static Needle Load(string path, NeedleOptions? options = null)
    {
        string name = Path.GetFileNameWithoutExtension(path);
        if (!IsOsAutoinst(path))
        {
            return OfPicture(name, PictureFile.Read(path), options);
        }
        (IReadOnlyList<NeedleArea> areas, IReadOnlyList<string> tags, Picture picture) = NeedleFile.Read(path);
        options ??= new NeedleOptions();
        return new Needle(name, picture, [.. areas, .. options.Masks.Select(m => new NeedleArea(m, NeedleAreaKind.Exclude))], tags, options, isMeasured: true);
    }

    /// <summary>Whether a file's ending says that it is a needle of os-autoinst.</summary>
    public static bool IsOsAutoinst(string path) => Path.GetExtension(path).Equals(".json", StringComparison.OrdinalIgnoreCase);

    /// <summary>A golden picture.</summary>
    /// <param name="name">For messages.</param>
    /// <param name="picture">Must not change any more.</param>
    /// <param name="options">How to compare; null: every pixel exactly.</param>
    /// <exception cref="CaptureException">An area is not inside the picture.</exception>
    public static Needle OfPicture(string name, Picture picture, NeedleOptions? options = null)
    {
        options ??= new NeedleOptions();
        foreach (Rect area in options.Areas)
        {
            if (!picture.Layout.Bounds.Contains(area))
            {
                throw new CaptureException($"the area {area} is not inside {name}, a picture of {picture.Width}x{picture.Height}");
            }
        }
        IReadOnlyList<Rect> areas = options.Areas.Count > 0 ? options.Areas : [picture.Layout.Bounds];
        return new Needle(
            name,
            picture,
            [
                .. areas.Select(a => new NeedleArea(a, NeedleAreaKind.Match) { Match = options.Similarity ?? 1, Margin = options.Margin }),
                .. options.Masks.Select(m => new NeedleArea(m, NeedleAreaKind.Exclude)),
            ],
            [],
            options,
            isMeasured: options.Similarity is not null);
    }

    /// <summary>Compares a picture of a screen with the needle.</summary>
    public NeedleResult Match(Picture screen) => Match(screen, explain: true);

    /// <param name="explain">Whether to say how close it came, which takes longer.</param>
    internal NeedleResult Match(Picture screen, bool explain)
    {
        if (_isMeasured)
        {
            AreaResult[] measured = [.. _areas.Select(a => Measure(screen, a.Area, a.Template!))];
            return new NeedleResult(Array.TrueForAll(measured, a => a.IsMatch), DescribeMeasured(measured), measured);
        }
        return _search is not null && IsSmallerThan(screen) ? Search(screen, _search, explain) : ComparePixels(screen, explain ? long.MaxValue : 0);
    }

    /// <summary>What a screen shows instead, for people to look at: the screen in grey, with what differs marked in red.</summary>
    public Picture MarkDifference(Picture screen, NeedleResult result) =>
        DifferencePicture.Make(screen, Picture, _masks, result, _isMeasured ? DifferencePicture.VisibleChannel : _options.Tolerance.Channel);

    /// <summary>Whether a change there can change the result.</summary>
    /// <param name="screen">The screen's bounds.</param>
    internal bool IsTouchedBy(Rect damage, Rect screen)
    {
        if ((Picture.Width, Picture.Height) != (screen.Width, screen.Height))
        {
            return true;
        }
        foreach ((NeedleArea area, GrayPicture? _) in _areas)
        {
            // A pixel more than the margin: brightness is blurred.
            if (!Around(area.Bounds, _isMeasured ? area.Margin + 1 : 0).Intersect(damage).IsEmpty)
            {
                return true;
            }
        }
        return false;
    }

    /// <inheritdoc/>
    public override string ToString() => Name;

    private static Rect Around(Rect area, int margin) =>
        new(area.X - margin, area.Y - margin, area.Width + (2 * margin), area.Height + (2 * margin));

    private bool IsSmallerThan(Picture screen) =>
        Picture.Width <= screen.Width && Picture.Height <= screen.Height && (Picture.Width, Picture.Height) != (screen.Width, screen.Height);

    private AreaResult Measure(Picture screen, NeedleArea area, GrayPicture template)
    {
        Rect bounds = area.Bounds;
        if (!screen.Layout.Bounds.Contains(bounds))
        {
            return new AreaResult(area, false, 0, default, null);
        }
        // On a screen of another size it is expected at the same share of the way across and down.
        (int X, int Y) expected = ((int)((long)bounds.X * screen.Width / Picture.Width), (int)((long)bounds.Y * screen.Height / Picture.Height));
        Rect around = Around(new Rect(expected.X, expected.Y, bounds.Width, bounds.Height), area.Margin).Intersect(screen.Layout.Bounds);
        if (around.Width < bounds.Width || around.Height < bounds.Height)
        {
            return new AreaResult(area, false, 0, default, null);
        }
        GrayPicture scene = GrayPicture.Of(screen, around, _masks);
        (int X, int Y) at = TemplateSearch.Find(scene, template, bounds, expected);
        double similarity = TemplateSearch.Compare(scene, template, bounds, at);
        return new AreaResult(area, similarity >= area.Match, similarity, new Rect(at.X, at.Y, bounds.Width, bounds.Height), null);
    }

    private static string DescribeMeasured(AreaResult[] areas) =>
        areas.Where(a => !a.IsMatch).MinBy(a => a.Similarity) is not { } worst
            ? $"{(areas.Length == 1 ? "its area is" : $"its {areas.Length} areas are")} at least {Percent(areas.Min(a => a.Similarity))} alike"
            : worst.Place.IsEmpty
                ? $"its area {worst.Area.Bounds} is not inside the screen"
                : $"its area {worst.Area.Bounds} is {Percent(worst.Similarity)} alike at the best place, ({worst.Place.X}, {worst.Place.Y}), and {Percent(worst.Area.Match)} is asked for";

    private static string Percent(double share) => $"{Math.Floor(share * 1000) / 10:0.0} %";

    private NeedleResult Search(Picture screen, PictureSearch search, bool explain)
    {
        NeedleArea whole = _areas[0].Area;
        if (_options.Tolerance.Share > 0)
        {
            return new NeedleResult(false, $"it is {Picture.Width}x{Picture.Height} and the screen {screen.Width}x{screen.Height}: a share of pixels that may differ needs a picture of the screen's size, or areas", []);
        }
        return search.Find(screen) is { } place
            ? new NeedleResult(true, $"it is at ({place.X}, {place.Y})", [new AreaResult(whole, true, 1, place, default(PictureComparison) with { SameSize = true })])
            : new NeedleResult(false, "it is nowhere on the screen", explain ? [MeasureEverywhere(screen, whole)] : []);
    }

    /// <summary>Where a small picture that was not found is most alike, to tell people.</summary>
    private AreaResult MeasureEverywhere(Picture screen, NeedleArea whole)
    {
        var place = new Rect(0, 0, whole.Bounds.Width, whole.Bounds.Height);
        GrayPicture template = GrayPicture.Of(Picture, place, []);
        GrayPicture scene = GrayPicture.Of(screen, screen.Layout.Bounds, []);
        (int X, int Y) at = TemplateSearch.Find(scene, template, place, (0, 0));
        return new AreaResult(whole, false, TemplateSearch.Compare(scene, template, place, at), new Rect(at.X, at.Y, place.Width, place.Height), null);
    }

    /// <param name="most">Stop when more pixels than those that may differ in any case, and this many, do.</param>
    private NeedleResult ComparePixels(Picture screen, long most)
    {
        var results = new List<AreaResult>();
        foreach ((NeedleArea area, GrayPicture? _) in _areas)
        {
            if (!screen.Layout.Bounds.Contains(area.Bounds) || (_options.Areas.Count == 0 && screen.Layout.Bounds != Picture.Layout.Bounds))
            {
                return new NeedleResult(false, $"the screen is {screen.Width}x{screen.Height} and the picture {Picture.Width}x{Picture.Height}", results);
            }
            results.Add(ComparePixels(screen, area, most));
        }
        AreaResult? worst = results.Where(r => !r.IsMatch).MinBy(r => r.Similarity);
        string reason = worst is null
            ? _options.Tolerance == PixelTolerance.Exact ? "every pixel is equal" : "no more pixels differ than may"
            : worst.Comparison.ToString()!;
        return new NeedleResult(worst is null, reason, results);
    }

    private AreaResult ComparePixels(Picture screen, NeedleArea area, long most)
    {
        long count = 0;
        Rect around = default;
        (int X, int Y)? first = null;
        int maxDelta = 0;
        List<Rect> parts = new ScreenRegion(area.Bounds, _masks).Within(Picture.Layout.Bounds);
        long total = parts.Sum(p => (long)p.Width * p.Height);
        long allowed = (long)(_options.Tolerance.Share * total);
        foreach (Rect part in parts)
        {
            long left = Math.Max(most, allowed) - count;
            if (left < 0)
            {
                break;
            }
            var differences = PixelComparer.Compare(screen, Picture, part, 0, 0, _options.Tolerance.Channel, left);
            if (differences.Count > 0)
            {
                first = first is { } known && (known.Y, known.X).CompareTo((differences.First.Y, differences.First.X)) < 0 ? known : differences.First;
            }
            count += differences.Count;
            around = around.Union(differences.Area);
            maxDelta = Math.Max(maxDelta, differences.MaxDelta);
        }
        return new AreaResult(
            area,
            count <= allowed,
            total == 0 ? 1 : 1 - ((double)count / total),
            area.Bounds,
            new PictureComparison(true, (int)count, first ?? default, around, maxDelta));
    }
}
