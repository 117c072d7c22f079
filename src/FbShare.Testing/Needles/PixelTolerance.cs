namespace FbShare.Testing.Needles;

/// <summary>How much pixels may differ from a picture and still match it. The default is not at all.</summary>
/// <param name="Channel">By how much red, green or blue of a pixel may be off, from 0 to 255.</param>
/// <param name="Share">Which share of the pixels may differ by more than that, from 0 to 1.</param>
public readonly record struct PixelTolerance(int Channel = 0, double Share = 0)
{
    /// <summary>Equal pixels only.</summary>
    public static PixelTolerance Exact => default;
}
