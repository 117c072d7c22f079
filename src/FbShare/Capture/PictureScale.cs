using System.Globalization;
using FbShare.Pictures;

namespace FbShare.Capture;

/// <summary>The size that a picture is scaled to: a percentage of its own, or a fixed one.</summary>
public readonly record struct PictureScale
{
    private const decimal MostPercent = 10000;

    private readonly decimal _percent;
    private readonly int _width;
    private readonly int _height;

    private PictureScale(decimal percent, int width, int height)
    {
        _percent = percent;
        _width = width;
        _height = height;
    }

    /// <summary>Reads <c>50%</c>, <c>12.5%</c> or <c>320x200</c>.</summary>
    public static bool TryParse(string text, out PictureScale scale)
    {
        scale = default;
        if (text.EndsWith('%'))
        {
            bool good = decimal.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal percent)
                && percent is > 0 and <= MostPercent;
            scale = new PictureScale(percent, 0, 0);
            return good;
        }
        string[] parts = text.Split('x');
        if (parts.Length != 2 || !TryParseLength(parts[0], out int width) || !TryParseLength(parts[1], out int height))
        {
            return false;
        }
        scale = new PictureScale(0, width, height);
        return true;
    }

    /// <summary>The size that a picture of the given size gets: at least one pixel, possibly more than a picture may have.</summary>
    public (int Width, int Height) Of(int width, int height) => _percent > 0 ? (Share(width), Share(height)) : (_width, _height);

    private int Share(int length) => Math.Max(1, (int)Math.Round(length * _percent / 100, MidpointRounding.AwayFromZero));

    private static bool TryParseLength(string text, out int length) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out length) && length is >= 1 and <= FrameLayout.MaxDimension;
}
