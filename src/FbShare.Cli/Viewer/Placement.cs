using System.Globalization;
using FbShare.Pictures;

namespace FbShare.Cli.Viewer;

/// <summary>Where a picture lies in a window, and so which of its pixels is under the pointer.</summary>
/// <param name="Target">In the window's pixels; may reach outside.</param>
/// <param name="Width">The picture's own size.</param>
/// <param name="Height">As above.</param>
internal readonly record struct Placement(Rect Target, int Width, int Height)
{
    /// <summary>Room that a picture is not scaled for, which would cost its sharpness for nothing: windows are as large as whole units, and guests
    /// that take a window's size take the nearest one that their driver knows.</summary>
    private const int Slack = 16;

    /// <summary>Puts a picture into a window.</summary>
    /// <param name="window">Pixels.</param>
    public static Placement Of(WindowScale scale, int width, int height, (int Width, int Height) window)
    {
        (int w, int h) = scale.Of((width, height));
        switch (scale.Mode)
        {
            case ScaleMode.Fit or ScaleMode.Follow when window.Width - width is >= 0 and < Slack && window.Height - height is >= 0 and < Slack:
                break;
            case ScaleMode.Fit or ScaleMode.Follow:
                (w, h) = (long)window.Width * height <= (long)window.Height * width
                    ? (window.Width, (int)Math.Max(1, (long)window.Width * height / width))
                    : ((int)Math.Max(1, (long)window.Height * width / height), window.Height);
                break;
            case ScaleMode.Integer:
                int times = Math.Max(1, Math.Min(window.Width / width, window.Height / height));
                (w, h) = (width * times, height * times);
                break;
        }
        // What is larger than the window shows its left top corner.
        return new Placement(new Rect(Math.Max(0, (window.Width - w) / 2), Math.Max(0, (window.Height - h) / 2), w, h), width, height);
    }

    /// <summary>Whether nothing of the window is beside the picture.</summary>
    public bool Covers((int Width, int Height) window) => Target.X == 0 && Target.Y == 0 && Target.Width >= window.Width && Target.Height >= window.Height;

    /// <summary>The picture's pixel at a place of the window; the nearest one for a place beside the picture.</summary>
    public (int X, int Y) ToPicture(double x, double y) => (
        Math.Clamp((int)Math.Floor((x - Target.X) * Width / Target.Width), 0, Width - 1),
        Math.Clamp((int)Math.Floor((y - Target.Y) * Height / Target.Height), 0, Height - 1));

    /// <summary>What of the picture is seen in a part of the window: rounded outwards, and a pixel more on each side, for those that are mixed.</summary>
    public Rect ToPicture(Rect part)
    {
        (int left, int top) = ToPicture(part.X, part.Y);
        (int right, int bottom) = ToPicture(part.Right, part.Bottom);
        return new Rect(left - 1, top - 1, right - left + 3, bottom - top + 3).Intersect(new Rect(0, 0, Width, Height));
    }

    /// <summary>Where a part of the picture lies in the window, rounded outwards.</summary>
    public Rect ToWindow(Rect part)
    {
        int left = Target.X + (int)((long)part.X * Target.Width / Width);
        int top = Target.Y + (int)((long)part.Y * Target.Height / Height);
        int right = Target.X + (int)((((long)part.Right * Target.Width) + Width - 1) / Width);
        int bottom = Target.Y + (int)((((long)part.Bottom * Target.Height) + Height - 1) / Height);
        return new Rect(left, top, right - left, bottom - top);
    }
}

/// <summary>What happens where window and guest differ in size.</summary>
internal enum ScaleMode
{
    /// <summary>The guest is asked to take the window's size; until it does, as <see cref="Fit"/>.</summary>
    Follow,

    /// <summary>As large as the window has room for.</summary>
    Fit,

    /// <summary>As large as whole multiples have room for.</summary>
    Integer,

    /// <summary>The same at any size of the window.</summary>
    Fixed,
}

/// <summary>How large the guest's picture is shown.</summary>
/// <param name="Percent">Of its own size, where that is <see cref="ScaleMode.Fixed"/>.</param>
internal readonly record struct WindowScale(ScaleMode Mode, int Percent = 100)
{
    /// <summary>What <see cref="TryParse"/> takes, for people.</summary>
    public const string Forms = "fit|integer|none|NN%";

    private const int MostPercent = 1000;

    /// <summary>A picture's size by itself, where the window has no say.</summary>
    public (int Width, int Height) Of((int Width, int Height) picture) =>
        ((int)Math.Max(1, (long)picture.Width * Percent / 100), (int)Math.Max(1, (long)picture.Height * Percent / 100));

    /// <summary>Reads <c>fit</c>, <c>integer</c>, <c>none</c> (or <c>1:1</c>) or a percentage from 1 to 1000.</summary>
    public static bool TryParse(string text, out WindowScale scale)
    {
        scale = text switch
        {
            "fit" => new WindowScale(ScaleMode.Fit),
            "integer" => new WindowScale(ScaleMode.Integer),
            "none" or "1:1" => new WindowScale(ScaleMode.Fixed),
            _ => default,
        };
        if (scale.Mode != default)
        {
            return true;
        }
        if (!text.EndsWith('%') || !int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out int percent) || percent is < 1 or > MostPercent)
        {
            return false;
        }
        scale = new WindowScale(ScaleMode.Fixed, percent);
        return true;
    }
}
