namespace FbShare.VirtioGpu;

/// <summary>A video mode's numbers, with blanking as VESA CVT 1.2 has it for reduced blanking, at single pixels and 10 kHz
/// instead of cells of 8 and 250 kHz, so that any size is possible.</summary>
/// <param name="Width">Pixels shown in a row.</param>
/// <param name="Height">Rows shown.</param>
/// <param name="HorizontalBlank">Pixels not shown in a row.</param>
/// <param name="VerticalSync">Rows; CVT codes the aspect ratio in it.</param>
/// <param name="VerticalBlank">Rows not shown, at least 460 microseconds of them.</param>
/// <param name="PixelClock">In units of 10 kHz.</param>
internal readonly record struct VideoTiming(int Width, int Height, int HorizontalBlank, int VerticalSync, int VerticalBlank, int PixelClock)
{
    public const int HorizontalFrontPorch = 48;
    public const int HorizontalSync = 32;
    public const int VerticalFrontPorch = 3;

    private const int ReducedHorizontalBlank = 160;
    private const int MinVerticalBackPorch = 6;
    private const int MaxBlank = 4095;

    /// <summary>DisplayID 1.3 has 24 bits for the clock less one; a mode beyond it is told with a lower rate.</summary>
    private const int MaxPixelClock = 1 << 24;

    private const double MinVerticalBlankSeconds = 460e-6;

    /// <summary>Readers of an EDID reject a clock below 10 MHz, so tiny modes get more blanking.</summary>
    private const double MinPixelClock = 10_000_000;

    /// <summary>The timing of a size at a rate.</summary>
    /// <param name="refresh">Frames per second.</param>
    public static VideoTiming Of(int width, int height, double refresh)
    {
        int sync = SyncRows(width, height);
        double row = ((1 / refresh) - MinVerticalBlankSeconds) / height;
        int blank = row > 0 ? (int)(MinVerticalBlankSeconds / row) + 1 : 0;
        // At rates near 1000 Hz hardly a row's time is left for each of thousands of rows.
        blank = Math.Clamp(blank, VerticalFrontPorch + sync + MinVerticalBackPorch, MaxBlank);

        double least = MinPixelClock / refresh;
        blank = Math.Clamp((int)(least / (width + ReducedHorizontalBlank)) + 1 - height, blank, MaxBlank);
        int horizontalBlank = Math.Clamp((int)(least / (height + blank)) + 1 - width, ReducedHorizontalBlank, MaxBlank);

        double clock = refresh * (width + horizontalBlank) * (height + blank) / 10_000;
        return new VideoTiming(width, height, horizontalBlank, sync, blank, (int)Math.Min(Math.Round(clock), MaxPixelClock));
    }

    /// <summary>CVT 1.2, table 3-2: vertical sync rows by aspect ratio.</summary>
    private static int SyncRows(int width, int height) => true switch
    {
        _ when width * 3 == height * 4 => 4,
        _ when width * 9 == height * 16 => 5,
        _ when width * 10 == height * 16 => 6,
        _ when width * 4 == height * 5 || width * 9 == height * 15 => 7,
        _ => 10,
    };
}
