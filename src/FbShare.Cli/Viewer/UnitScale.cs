namespace FbShare.Cli.Viewer;

/// <summary>How many pixels a window system's unit is. Windows are as large as whole units, and their pictures are made of pixels.</summary>
/// <param name="Steps">In steps of 1/120, as Wayland's wp_fractional_scale_v1 has them: 180 are one and a half pixels.</param>
internal readonly record struct UnitScale(int Steps)
{
    private const int StepsOfOne = 120;

    /// <summary>Scales whose whole pixels are further apart are made to no measure: too much would be left beside the picture.</summary>
    private const int MostUnits = 10;

    /// <summary>A pixel per unit.</summary>
    public static readonly UnitScale Whole = new(StepsOfOne);

    /// <summary>The scale of a window that has so many pixels along so many units, one of them rounded.</summary>
    public static UnitScale Of(int pixels, int units) => new(units > 0 ? Math.Max(1, (int)Math.Round((double)StepsOfOne * pixels / units)) : StepsOfOne);

    /// <summary>The fewest units that have room for a picture and end where a pixel does, so that wherever the window lies no compositor has to
    /// stretch what is in it.</summary>
    public int UnitsFor(int pixels)
    {
        int least = (int)((((long)pixels * StepsOfOne) + Steps - 1) / Steps);
        for (int together = 1; together <= MostUnits; together++)
        {
            if (together * Steps % StepsOfOne == 0)
            {
                return (least + together - 1) / together * together;
            }
        }
        return least;
    }

    /// <summary>The pixels along so many units.</summary>
    public int PixelsOf(int units) => (int)Math.Round((double)units * Steps / StepsOfOne, MidpointRounding.AwayFromZero);
}
