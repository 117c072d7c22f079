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
        var card = new ScaledPicture(TestCard.Still(Width, Height, 21), Width, Height);
        guest.Ask("card evdev", "card: reading");

        // Four thirds of its size, with 10 columns left on either side.
        using (ViewerProcess viewer = Open("fit", "nearest", 1300, 960))
        {
            viewer.AssertShows(ScaledPicture.Frame(1300, 960, 10, 0, 1280, 960, (x, y) => card.Pixel(ThreeOfFour(x), ThreeOfFour(y))), 1300, 960);
            Point(viewer, 10 + 401, 124, ThreeOfFour(401), ThreeOfFour(124));
            // A place beside the picture is its edge.
            Point(viewer, 3, 500, 0, ThreeOfFour(500));
        }
        using (ViewerProcess viewer = Open("fit", "linear", 1300, 960))
        {
            viewer.AssertShows(ScaledPicture.Frame(1300, 960, 10, 0, 1280, 960, (x, y) => card.Mixed(x, y, 0.75)), 1300, 960, tolerance: 3);
            // Without scaling nothing is mixed.
            server.Do("windowsize", viewer.Window, $"{Width}", $"{Height}");
            viewer.AssertShows(card.Rgb, Width, Height);
            // Smaller: two thirds, by height.
            server.Do("windowsize", viewer.Window, "800", "480");
            viewer.AssertShows(ScaledPicture.Frame(800, 480, 80, 0, 640, 480, (x, y) => card.Mixed(x, y, 1.5)), 800, 480, tolerance: 3);
        }
        using (ViewerProcess viewer = Open("integer", "linear", 1910, 1190))
        {
            viewer.AssertShows(ScaledPicture.Frame(1910, 1190, 475, 235, Width, Height, (x, y) => card.Pixel(x, y)), 1910, 1190);
        }
        using (ViewerProcess viewer = Open("1:1", "nearest", 1301, 961))
        {
            viewer.AssertShows(ScaledPicture.Frame(1301, 961, 170, 120, Width, Height, (x, y) => card.Pixel(x, y)), 1301, 961);
            Point(viewer, 170 + 77, 120 + 700, 77, 700);
            // Smaller than the guest: its left top corner.
            server.Do("windowsize", viewer.Window, "500", "300");
            viewer.AssertShows(ScaledPicture.Frame(500, 300, 0, 0, Width, Height, (x, y) => card.Pixel(x, y)), 500, 300);
            Point(viewer, 499, 299, 499, 299);
        }

        // Half as large again, and the window opens so.
        using (var viewer = new ViewerProcess(server, guest.Display, "--scale", "150%", "--renderer", renderer))
        {
            server.Do("windowmove", viewer.Window, "0", "0");
            viewer.AssertShows(ScaledPicture.Frame(1440, 1080, 0, 0, 1440, 1080, (x, y) => card.Mixed(x, y, 2 / 3.0)), 1440, 1080, tolerance: 3);
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
}
