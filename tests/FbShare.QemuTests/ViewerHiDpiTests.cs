using System.Globalization;

namespace FbShare.QemuTests;

/// <summary>The viewer on a Wayland screen with more than one pixel per unit of a window (Sway, which scales by any factor).</summary>
public class ViewerHiDpiTests
{
    // A picture that is no whole number of units but at a scale of 2, on a screen that is one at every scale.
    private const int Width = 722;
    private const int Height = 514;
    private const int ScreenWidth = 1500;
    private const int ScreenHeight = 900;

    [ViewerTheory("sway")]
    [InlineData("gl")]
    [InlineData("software")]
    public void At_every_scale_of_the_screen_the_guests_pixels_are_pixels_of_the_screen(string renderer)
    {
        using var guest = new Guest(new GuestOptions { Input = true });
        using var server = new XServer();
        guest.Type($"card mode {Width}x{Height} --frame 21 &");
        guest.WaitForLine("card: shown");
        guest.Ask("card evdev", "card: reading");
        var card = new ScaledPicture(TestCard.Still(Width, Height, 21), Width, Height);
        int fitted = ScreenHeight * Width / Height;
        int moves = 0;

        foreach (double pixels in (ReadOnlySpan<double>)[1, 1.25, 1.5, 2])
        {
            // A window of its own size: as many units as the picture needs, and each pixel as it is.
            using (var sway = WaylandServer.Sway(server, ScreenWidth, ScreenHeight, pixels, floats: true))
            using (var viewer = new ViewerProcess(sway, guest.Display, "--renderer", renderer))
            {
                viewer.WaitForPicture(screen => screen.Width == ScreenWidth && card.IsIn(screen.ToRgb(), screen.Width));
                Keep(viewer, pixels, "own-size");
            }

            // The whole screen: scaled from the guest's pixels to the screen's in one step.
            using var whole = WaylandServer.Sway(server, ScreenWidth, ScreenHeight, pixels, floats: false);
            Show(whole, pixels, "fit", "nearest", fitted, ScreenHeight, (x, y) => card.Pixel(((2 * x) + 1) * Width / (2 * fitted), ((2 * y) + 1) * Height / (2 * ScreenHeight)));
            Show(whole, pixels, "none", "linear", Width, Height, card.Pixel);
            Show(whole, pixels, "125%", "linear", 902, 642, (x, y) => card.Mixed(x, y, Width / 902.0, Height / 642.0), tolerance: 3);
        }

        void Show(
            WaylandServer sway, double pixels, string scale, string filter, int width, int height, Func<int, int, (byte R, byte G, byte B)> pixel, int tolerance = 0)
        {
            // The pointer, if it were inside, would be in the picture.
            server.Do("mousemove", "1919", "1199");
            (int left, int top) = ((ScreenWidth - width) / 2, (ScreenHeight - height) / 2);
            using var viewer = new ViewerProcess(sway, guest.Display, "--scale", scale, "--filter", filter, "--renderer", renderer);
            viewer.AssertShows(ScaledPicture.Frame(ScreenWidth, ScreenHeight, left, top, width, height, pixel), ScreenWidth, ScreenHeight, tolerance);
            Keep(viewer, pixels, scale.TrimEnd('%'));

            // Each time elsewhere: a guest is told of what changes only.
            moves++;
            (int x, int y) = (left + (width / 3) + (11 * moves), top + (height / 5) + (7 * moves));
            server.Do("mousemove", "--window", viewer.Window, $"{x}", $"{y}");
            guest.WaitForPlace((int)((Middle(x, pixels) - left) * Width / width), (int)((Middle(y, pixels) - top) * Height / height), Width, Height);
        }

        void Keep(ViewerProcess viewer, double pixels, string what) => viewer.Keep(string.Create(CultureInfo.InvariantCulture, $"window-{renderer}-{pixels}-{what}"));
    }

    /// <summary>SDL tells whole units; the pixel that counts is the one behind the middle of it.</summary>
    private static double Middle(int place, double pixels) => (Math.Floor(place / pixels) + 0.5) * pixels;
}
