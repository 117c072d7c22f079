namespace FbShare.QemuTests;

/// <summary>What is in a window that has another size than its guest.</summary>
public class ViewerScaleTests
{
    private const int Width = 960;
    private const int Height = 720;

    [ViewerTheory]
    [InlineData("gl")]
    [InlineData("software")]
    public void Each_scale_and_filter_puts_each_pixel_where_it_belongs(string renderer)
    {
        using var guest = new Guest(new GuestOptions { Input = true });
        using var server = new XServer();
        guest.Type($"card mode {Width}x{Height} --frame 21 &");
        guest.WaitForLine("card: shown");
        byte[] card = TestCard.Still(Width, Height, 21);
        guest.Ask("card evdev", "card: reading");

        // Four thirds of its size, with 10 columns left on either side.
        using (ViewerProcess viewer = Open("fit", "nearest", 1300, 960))
        {
            viewer.AssertShows(Frame(1300, 960, 10, 0, 1280, 960, (x, y) => Pixel(card, ThreeOfFour(x), ThreeOfFour(y))), 1300, 960);
            Point(viewer, 10 + 401, 124, ThreeOfFour(401), ThreeOfFour(124));
            // A place beside the picture is its edge.
            Point(viewer, 3, 500, 0, ThreeOfFour(500));
        }
        using (ViewerProcess viewer = Open("fit", "linear", 1300, 960))
        {
            viewer.AssertShows(Frame(1300, 960, 10, 0, 1280, 960, (x, y) => Mixed(card, x, y, 0.75)), 1300, 960, tolerance: 3);
            // Without scaling nothing is mixed.
            server.Do("windowsize", viewer.Window, $"{Width}", $"{Height}");
            viewer.AssertShows(card, Width, Height);
            // Smaller: two thirds, by height.
            server.Do("windowsize", viewer.Window, "800", "480");
            viewer.AssertShows(Frame(800, 480, 80, 0, 640, 480, (x, y) => Mixed(card, x, y, 1.5)), 800, 480, tolerance: 3);
        }
        using (ViewerProcess viewer = Open("integer", "linear", 1910, 1190))
        {
            viewer.AssertShows(Frame(1910, 1190, 475, 235, Width, Height, (x, y) => Pixel(card, x, y)), 1910, 1190);
        }
        using (ViewerProcess viewer = Open("1:1", "nearest", 1301, 961))
        {
            viewer.AssertShows(Frame(1301, 961, 170, 120, Width, Height, (x, y) => Pixel(card, x, y)), 1301, 961);
            Point(viewer, 170 + 77, 120 + 700, 77, 700);
            // Smaller than the guest: its left top corner.
            server.Do("windowsize", viewer.Window, "500", "300");
            viewer.AssertShows(Frame(500, 300, 0, 0, Width, Height, (x, y) => Pixel(card, x, y)), 500, 300);
            Point(viewer, 499, 299, 499, 299);
        }

        // Half as large again, and the window opens so.
        using (var viewer = new ViewerProcess(server, guest.Display, "--scale", "150%", "--renderer", renderer))
        {
            server.Do("windowmove", viewer.Window, "0", "0");
            viewer.AssertShows(Frame(1440, 1080, 0, 0, 1440, 1080, (x, y) => Mixed(card, x, y, 2 / 3.0)), 1440, 1080, tolerance: 3);
            Point(viewer, 1000, 8, 667, 5);
        }

        ViewerProcess Open(string scale, string filter, int width, int height)
        {
            var viewer = new ViewerProcess(server, guest.Display, "--scale", scale, "--filter", filter, "--renderer", renderer);
            // What is off the screen could not be looked at.
            server.Do("windowmove", viewer.Window, "0", "0");
            server.Do("windowsize", viewer.Window, $"{width}", $"{height}");
            return viewer;
        }

        void Point(ViewerProcess viewer, int x, int y, int guestX, int guestY)
        {
            server.Do("mousemove", "--window", viewer.Window, $"{x}", $"{y}");
            guest.WaitForPlace(guestX, guestY, Width, Height);
        }
    }

    /// <summary>The pixel that lies under the middle of one of a picture four thirds as large.</summary>
    private static int ThreeOfFour(int place) => ((2 * place) + 1) * 3 / 8;

    /// <summary>A black window with a picture in it.</summary>
    private static byte[] Frame(int width, int height, int left, int top, int pictureWidth, int pictureHeight, Func<int, int, (byte R, byte G, byte B)> pixel)
    {
        var rgb = new byte[width * height * 3];
        for (int y = top; y < Math.Min(height, top + pictureHeight); y++)
        {
            for (int x = left; x < Math.Min(width, left + pictureWidth); x++)
            {
                int at = ((y * width) + x) * 3;
                (rgb[at], rgb[at + 1], rgb[at + 2]) = pixel(x - left, y - top);
            }
        }
        return rgb;
    }

    private static (byte R, byte G, byte B) Pixel(byte[] rgb, int x, int y)
    {
        int at = ((y * Width) + x) * 3;
        return (rgb[at], rgb[at + 1], rgb[at + 2]);
    }

    /// <summary>The four pixels around the middle of a scaled one, by their nearness (OpenGL ES 3.0, 3.8.10.2, CLAMP_TO_EDGE).</summary>
    /// <param name="step">Picture's pixels per window's pixel.</param>
    private static (byte R, byte G, byte B) Mixed(byte[] rgb, int x, int y, double step)
    {
        (double u, double v) = (((x + 0.5) * step) - 0.5, ((y + 0.5) * step) - 0.5);
        (int left, int top) = ((int)Math.Floor(u), (int)Math.Floor(v));
        (double right, double low) = (u - left, v - top);
        return (Channel(0), Channel(1), Channel(2));

        byte Channel(int channel)
        {
            double upper = (At(left, top, channel) * (1 - right)) + (At(left + 1, top, channel) * right);
            double lower = (At(left, top + 1, channel) * (1 - right)) + (At(left + 1, top + 1, channel) * right);
            return (byte)Math.Round((upper * (1 - low)) + (lower * low));
        }

        double At(int px, int py, int channel) => rgb[(((Math.Clamp(py, 0, Height - 1) * Width) + Math.Clamp(px, 0, Width - 1)) * 3) + channel];
    }
}
