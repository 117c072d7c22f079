using FbShare.Capture;
using FbShare.Pictures;

namespace FbShare.Testing.Screens;

/// <summary>What a screen was doing when a wait gave up: this tells a guest that hangs from one that is slow.</summary>
/// <param name="Kind">In one word.</param>
/// <param name="SinceChange">How long ago it last looked different; null if it never showed anything.</param>
/// <param name="ChangesInLastSecond">How many frames of the last second looked different from those before them.</param>
public sealed record ScreenState(ScreenStateKind Kind, TimeSpan? SinceChange, int ChangesInLastSecond)
{
    /// <summary>A screen that changed during the last second is busy.</summary>
    private static readonly TimeSpan Recent = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    public override string ToString() => this switch
    {
        { Kind: ScreenStateKind.Off, SinceChange: null } => "off: it never showed a picture",
        { Kind: ScreenStateKind.Off } => $"off for {SinceChange!.Value.TotalSeconds:0.0} s",
        { Kind: ScreenStateKind.Black } => $"black for {SinceChange!.Value.TotalSeconds:0.0} s",
        { Kind: ScreenStateKind.Busy } => $"busy: it last changed {SinceChange!.Value.TotalSeconds:0.0} s ago, and {ChangesInLastSecond} times in the last second",
        _ => $"still: it last changed {SinceChange!.Value.TotalSeconds:0.0} s ago",
    };

    internal static ScreenState Of(Picture? shown, TimeSpan? sinceChange, int changesInLastSecond) => new(
        shown is null ? ScreenStateKind.Off
            : IsBlack(shown) ? ScreenStateKind.Black
            : sinceChange < Recent ? ScreenStateKind.Busy : ScreenStateKind.Still,
        sinceChange ?? (shown is null ? null : TimeSpan.Zero),
        changesInLastSecond);

    private static bool IsBlack(Picture picture)
    {
        byte[] black = new byte[picture.Layout.RowBytes];
        for (int y = 0; y < picture.Height; y++)
        {
            if (!VisiblePixels.AreEqual(picture.Pixels.Slice(y * black.Length, black.Length), black, picture.Format))
            {
                return false;
            }
        }
        return true;
    }
}

/// <summary>The states that a screen can be in.</summary>
public enum ScreenStateKind
{
    /// <summary>It shows no picture: no mode is set.</summary>
    Off,

    /// <summary>Every pixel is black.</summary>
    Black,

    /// <summary>It has not changed for a second or longer.</summary>
    Still,

    /// <summary>It changed during the last second.</summary>
    Busy,
}
