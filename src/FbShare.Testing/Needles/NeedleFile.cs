using System.Text.Json;
using System.Text.Json.Serialization;
using FbShare.Capture;
using FbShare.Pictures;

namespace FbShare.Testing.Needles;

/// <summary>Reads the needles of os-autoinst and openQA: a JSON file with areas, and a PNG of the same name beside it.</summary>
internal static class NeedleFile
{
    /// <summary>os-autoinst's, for areas that do not say.</summary>
    public const double DefaultMatch = 0.96;

    /// <inheritdoc cref="DefaultMatch"/>
    public const int DefaultMargin = 50;

    /// <summary>Needles are some hundred bytes.</summary>
    private const long MostBytes = 1 << 20;

    private const int MostAreas = 256;

    /// <param name="path">The JSON file.</param>
    /// <returns>Its areas and tags, checked against the picture.</returns>
    /// <exception cref="CaptureException">It cannot be read or makes no sense.</exception>
    public static (IReadOnlyList<NeedleArea> Areas, IReadOnlyList<string> Tags, Picture Picture) Read(string path)
    {
        NeedleJson json = ReadJson(path);
        Picture picture = PictureFile.Read(Path.ChangeExtension(path, ".png"));
        if (json.Area is not { Length: > 0 and <= MostAreas } areas)
        {
            throw Bad(path, $"it has {json.Area?.Length ?? 0} areas, and from 1 to {MostAreas} are taken");
        }
        NeedleArea[] read = [.. areas.Select((area, i) => ReadArea(path, i, area, picture))];
        return read.Any(a => a.Kind == NeedleAreaKind.Match)
            ? (read, json.Tags ?? [], picture)
            : throw Bad(path, "none of its areas is of the type \"match\"");
    }

    private static NeedleJson ReadJson(string path)
    {
        try
        {
            if (new FileInfo(path) is { Exists: true, Length: > MostBytes } large)
            {
                throw Bad(path, $"it has {large.Length} bytes, and at most {MostBytes} are taken");
            }
            return JsonSerializer.Deserialize(File.ReadAllBytes(path), NeedleJsonContext.Default.NeedleJson) ?? throw Bad(path, "it is null");
        }
        catch (JsonException e)
        {
            throw Bad(path, e.Message, e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CaptureException($"cannot read {path}: {e.Message}", e);
        }
    }

    private static NeedleArea ReadArea(string path, int index, NeedleAreaJson? json, Picture picture)
    {
        if (json is null)
        {
            throw Bad(path, $"area {index} is null");
        }
        var bounds = new Rect(ToInt(json.Xpos), ToInt(json.Ypos), ToInt(json.Width), ToInt(json.Height));
        NeedleAreaKind kind = json.Type switch
        {
            null or "" or "match" => NeedleAreaKind.Match,
            "exclude" => NeedleAreaKind.Exclude,
            "ocr" => NeedleAreaKind.Ocr,
            _ => throw Bad(path, $"area {index} is of the type \"{json.Type}\", and match, exclude and ocr are known"),
        };
        if (kind == NeedleAreaKind.Match && !picture.Layout.Bounds.Contains(bounds))
        {
            throw Bad(path, $"area {index} ({bounds}) is not inside its picture of {picture.Width}x{picture.Height}");
        }
        return new NeedleArea(bounds, kind)
        {
            // As in os-autoinst, 0 is no number of one's own.
            Match = json.Match is > 0 and var percent ? percent / 100 : DefaultMatch,
            Margin = ToInt(json.Margin) is not 0 and var margin ? Math.Clamp(margin, 0, FrameLayout.MaxDimension) : DefaultMargin,
            ClickPoint = ReadClickPoint(path, index, json.ClickPoint, bounds),
        };
    }

    private static (int X, int Y)? ReadClickPoint(string path, int index, JsonElement json, Rect area)
    {
        if (json.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null)
        {
            return null;
        }
        if (json.ValueKind == JsonValueKind.String && json.ValueEquals("center"))
        {
            return (area.Width / 2, area.Height / 2);
        }
        return json.ValueKind == JsonValueKind.Object
            && json.TryGetProperty("xpos", out JsonElement x) && x.ValueKind == JsonValueKind.Number && x.TryGetDouble(out double column)
            && json.TryGetProperty("ypos", out JsonElement y) && y.ValueKind == JsonValueKind.Number && y.TryGetDouble(out double row)
            ? (ToInt(column), ToInt(row))
            : throw Bad(path, $"area {index} has a click_point that is neither \"center\" nor {{\"xpos\": X, \"ypos\": Y}}");
    }

    /// <summary>Without its fraction; what is out of range is moved to where no picture is.</summary>
    private static int ToInt(double number) => double.IsNaN(number) ? 0 : (int)Math.Clamp(number, -Rect.Limit, Rect.Limit);

    private static CaptureException Bad(string path, string why, Exception? cause = null) => new($"{path} is no needle of os-autoinst: {why}", cause);
}

/// <summary>The file.</summary>
internal sealed record NeedleJson(NeedleAreaJson?[]? Area, string[]? Tags);

/// <summary>One of its areas.</summary>
internal sealed record NeedleAreaJson
{
    public double Xpos { get; init; }

    public double Ypos { get; init; }

    public double Width { get; init; }

    public double Height { get; init; }

    public string? Type { get; init; }

    public double? Match { get; init; }

    public double Margin { get; init; }

    public JsonElement ClickPoint { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, NumberHandling = JsonNumberHandling.AllowReadingFromString)]
[JsonSerializable(typeof(NeedleJson))]
internal sealed partial class NeedleJsonContext : JsonSerializerContext;
