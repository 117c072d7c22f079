using FbShare.Pictures;

namespace FbShare.Testing.Needles;

/// <summary>How a golden picture is compared. By default every pixel must be equal.</summary>
public sealed record NeedleOptions
{
    /// <summary>How much pixels may differ. Not together with <see cref="Similarity"/>.</summary>
    public PixelTolerance Tolerance { get; init; }

    /// <summary>Instead of comparing pixels, ask for this similarity as os-autoinst measures it, from 0 to 1.</summary>
    public double? Similarity { get; init; }

    /// <summary>With <see cref="Similarity"/>: how many pixels away an area may be.</summary>
    public int Margin { get; init; }

    /// <summary>The parts that count; empty: the whole picture.</summary>
    public IReadOnlyList<Rect> Areas { get; init; } = [];

    /// <summary>What does not count, such as a clock.</summary>
    public IReadOnlyList<Rect> Masks { get; init; } = [];
}
