using FbShare.Capture;
using FbShare.Pictures;

namespace FbShare.Testing.Needles;

/// <summary>How a picture compares with a needle.</summary>
/// <param name="IsMatch">Whether every area was found.</param>
/// <param name="Reason">In words: what matched, or what did not.</param>
/// <param name="Areas">Each area that had to match.</param>
public sealed record NeedleResult(bool IsMatch, string Reason, IReadOnlyList<AreaResult> Areas)
{
    /// <summary>The least similar area's similarity, from 0 to 1.</summary>
    public double Similarity => Areas.Count == 0 ? 0 : Areas.Min(a => a.Similarity);

    /// <summary>Where the needle is on the screen: around all its areas.</summary>
    public Rect Place => Areas.Aggregate(default(Rect), (all, area) => all.Union(area.Place));

    /// <summary>Where to click: the point that the needle names, or else the middle of its last area.</summary>
    public (int X, int Y)? ClickPoint
    {
        get
        {
            if (Areas.Count == 0)
            {
                return null;
            }
            AreaResult area = Areas.FirstOrDefault(a => a.Area.ClickPoint is not null) ?? Areas[^1];
            (int x, int y) = area.Area.ClickPoint ?? (area.Place.Width / 2, area.Place.Height / 2);
            return (area.Place.X + x, area.Place.Y + y);
        }
    }
}

/// <summary>How one area of a needle compares.</summary>
/// <param name="Area">The needle's area.</param>
/// <param name="IsMatch">Whether it was found.</param>
/// <param name="Similarity">From 0 to 1: os-autoinst's measure, or for exact comparison the share of equal pixels.</param>
/// <param name="Place">Where it is most alike on the screen; empty if it cannot be on this screen.</param>
/// <param name="Comparison">How the pixels there differ; null where only the similarity was asked for.</param>
public sealed record AreaResult(NeedleArea Area, bool IsMatch, double Similarity, Rect Place, PictureComparison? Comparison);
