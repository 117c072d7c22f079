using FbShare.Pictures;

namespace FbShare.Testing.Screens;

/// <summary>A part of a screen: an area without some others, such as a clock or a cursor that blinks.</summary>
/// <param name="Area">What counts; null for the whole screen.</param>
/// <param name="Excluded">What of it does not count.</param>
public sealed record ScreenRegion(Rect? Area, IReadOnlyList<Rect> Excluded)
{
    /// <summary>The whole screen.</summary>
    public static ScreenRegion All { get; } = new(null, []);

    /// <summary>The parts of <paramref name="bounds"/> that count, none of which overlap.</summary>
    public List<Rect> Within(Rect bounds)
    {
        var parts = new List<Rect>();
        Rect area = Area is { } chosen ? chosen.Intersect(bounds) : bounds;
        if (!area.IsEmpty)
        {
            parts.Add(area);
        }
        foreach (Rect hole in Excluded)
        {
            for (int i = parts.Count - 1; i >= 0; i--)
            {
                Rect part = parts[i];
                Rect cut = part.Intersect(hole);
                if (!cut.IsEmpty)
                {
                    parts.RemoveAt(i);
                    AddAround(parts, part, cut);
                }
            }
        }
        return parts;
    }

    /// <inheritdoc/>
    public override string ToString() => (Area, Excluded.Count) switch
    {
        (null, 0) => "the screen",
        ({ } area, 0) => $"the area {area}",
        (null, _) => $"the screen without {string.Join(", ", Excluded)}",
        ({ } area, _) => $"the area {area} without {string.Join(", ", Excluded)}",
    };

    /// <summary>Adds what is left of <paramref name="part"/> when <paramref name="cut"/>, which lies in it, is gone.</summary>
    private static void AddAround(List<Rect> parts, Rect part, Rect cut)
    {
        ReadOnlySpan<Rect> around =
        [
            new Rect(part.X, part.Y, part.Width, cut.Y - part.Y),
            new Rect(part.X, cut.Bottom, part.Width, part.Bottom - cut.Bottom),
            new Rect(part.X, cut.Y, cut.X - part.X, cut.Height),
            new Rect(cut.Right, cut.Y, part.Right - cut.Right, cut.Height),
        ];
        foreach (Rect left in around)
        {
            if (!left.IsEmpty)
            {
                parts.Add(left);
            }
        }
    }
}
