using FbShare.Pictures;

namespace FbShare.Display;

/// <summary>Where an output lies on the guest's desktop. A tablet's axes span the whole desktop, and a guest has one, however many outputs.</summary>
/// <remarks>The guest tells nobody how it has arranged its outputs. Those that show parts of one buffer (X) lie as the parts do, and
/// show it twice where they are the same (mirrored); buffers of their own (Wayland) lie side by side in the outputs' order, from the
/// left, their tops in a line, which is what desktops do until their user moves them.</remarks>
/// <param name="X">The output's left edge on the desktop, in pixels.</param>
/// <param name="Y">Its top edge.</param>
/// <param name="DesktopWidth">All outputs together, in pixels.</param>
/// <param name="DesktopHeight">As above.</param>
internal readonly record struct DesktopPlace(int X, int Y, int DesktopWidth, int DesktopHeight)
{
    /// <param name="scanouts">What each output shows.</param>
    /// <param name="output">One that shows something.</param>
    public static DesktopPlace Of(ReadOnlySpan<Scanout?> scanouts, int output)
    {
        Span<Rect> places = stackalloc Rect[scanouts.Length];
        Rect desktop = default;
        for (int i = 0; i < scanouts.Length; i++)
        {
            if (scanouts[i] is not { } scanout)
            {
                continue;
            }
            (int X, int Y) corner = (desktop.Right, 0);
            for (int before = 0; before < i; before++)
            {
                if (scanouts[before] is { } other && AreOfOnePicture(scanout, other))
                {
                    (int X, int Y) here = scanout.Origin, there = other.Origin;
                    corner = (places[before].X + here.X - there.X, places[before].Y + here.Y - there.Y);
                    break;
                }
            }
            places[i] = new Rect(corner.X, corner.Y, scanout.Layout.Width, scanout.Layout.Height);
            desktop = desktop.Union(places[i]);
        }
        return new DesktopPlace(places[output].X - desktop.X, places[output].Y - desktop.Y, desktop.Width, desktop.Height);
    }

    /// <summary>Whether two scanouts are parts of one picture. One buffer may hold several, each from an offset of its own on.</summary>
    private static bool AreOfOnePicture(Scanout one, Scanout other) =>
        one.ResourceId == other.ResourceId && one.Layout.Stride == other.Layout.Stride && Begin(one) == Begin(other);

    /// <summary>Where the picture that a scanout is a part of begins in its buffer.</summary>
    private static long Begin(Scanout part) => part.Layout.OffsetOf(-part.Origin.X, -part.Origin.Y);
}
