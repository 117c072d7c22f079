using System.Globalization;
using FbShare.Capture;

namespace FbShare.QemuTests;

/// <summary>The window without a GPU, with a real guest: the X server reads the picture itself.</summary>
public class ViewerSoftwareTests
{
    private const int Width = 1280;
    private const int Height = 800;

    [ViewerFact]
    public void Nothing_of_OpenGL_is_in_the_process_and_it_is_small()
    {
        using var guest = new Guest(new GuestOptions());
        using var server = new XServer();
        guest.Ask("card still --frame 17", "card: shown");
        using var viewer = new ViewerProcess(server, guest.Display, "--renderer", "software", "--hud");
        viewer.WaitForPicture(picture => OutsideOfTheFigures(picture.ToRgb(), TestCard.Still(Width, Height, 17)));
        Assert.Contains("MIT-SHM", viewer.Said, StringComparison.Ordinal);

        string[] mapped = [.. File.ReadLines($"/proc/{viewer.ProcessId}/maps").Where(line => line.Contains('/')).Select(line => line[line.IndexOf('/')..]).Distinct()];
        Assert.DoesNotContain(mapped, file => Path.GetFileName(file) is var name
            && (name.StartsWith("libGL", StringComparison.Ordinal) || name.StartsWith("libEGL", StringComparison.Ordinal) || name.StartsWith("libLLVM", StringComparison.Ordinal)
                || name.Contains("gallium", StringComparison.Ordinal) || name.EndsWith("_dri.so", StringComparison.Ordinal)));
        // The runtime's compiler takes some more where it is not the native program.
        bool isNative = !mapped.Any(file => file.EndsWith("libcoreclr.so", StringComparison.Ordinal));
        Assert.InRange(Resident(viewer), 1, isNative ? 60_000 : 100_000);
    }

    [ViewerFact]
    public void Small_changes_of_whole_flushes_and_the_figures_over_them_are_all_right()
    {
        using var guest = new Guest(new GuestOptions());
        using var server = new XServer();
        guest.Type("card flip 3 bar --frames 90");
        guest.WaitForLine("card: flipping");
        using var viewer = new ViewerProcess(server, guest.Display, "--renderer", "software");
        guest.WaitForLine("card: flipped");
        viewer.AssertShows(TestCard.Bar(Width, Height, 90), Width, Height);
        server.Do("key", "ctrl+alt+h");
        viewer.WaitForPicture(picture => OutsideOfTheFigures(picture.ToRgb(), TestCard.Bar(Width, Height, 90)) && IsDarker(picture, TestCard.Bar(Width, Height, 90)));
        guest.EndCard();

        guest.Type("card flip 2 bar --frames 60");
        guest.WaitForLine("card: flipped");
        viewer.WaitForPicture(picture => OutsideOfTheFigures(picture.ToRgb(), TestCard.Bar(Width, Height, 60)));
        server.Do("key", "ctrl+alt+h");
        viewer.AssertShows(TestCard.Bar(Width, Height, 60), Width, Height);
        guest.EndCard();

        // Whatever another window covered is drawn again.
        guest.Ask("card still --frame 8", "card: shown");
        using (var other = new ViewerProcess(server, guest.Display, "--renderer", "software"))
        {
            other.AssertShows(TestCard.Still(Width, Height, 8), Width, Height);
        }
        viewer.AssertShows(TestCard.Still(Width, Height, 8), Width, Height);
    }

    [ViewerFact]
    public void An_X_server_that_cannot_be_given_files_is_sent_the_pixels()
    {
        using var guest = new Guest(new GuestOptions());
        using var server = new XServer("-extension", "MIT-SHM");
        guest.Type("card flip 3 bar --frames 90");
        guest.WaitForLine("card: flipping");
        using var viewer = new ViewerProcess(server, guest.Display, "--renderer", "software");
        guest.WaitForLine("card: flipped");
        viewer.AssertShows(TestCard.Bar(Width, Height, 90), Width, Height);
        Assert.Contains("pictures are sent to the X server, since it has no MIT-SHM", viewer.Said, StringComparison.Ordinal);
    }

    /// <summary>Whether what lies beside the figures, at the left and the top, is the guest's picture.</summary>
    private static bool OutsideOfTheFigures(byte[] shown, byte[] guest)
    {
        const int Right = 12 + 520;
        const int Bottom = 12 + 420;
        if (shown.Length != guest.Length)
        {
            return false;
        }
        for (int y = 0; y < Height; y++)
        {
            int from = ((y * Width) + (y < Bottom ? Right : 0)) * 3;
            int end = (y + 1) * Width * 3;
            if (!shown.AsSpan(from, end - from).SequenceEqual(guest.AsSpan(from, end - from)))
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>Whether the figures' ground lies over the picture.</summary>
    private static bool IsDarker(Picture picture, byte[] guest)
    {
        int at = ((14 * Width) + 14) * 3;
        return picture.ToRgb()[at] == guest[at] * (255 - 199) / 255;
    }

    /// <summary>VmRSS in kB.</summary>
    private static int Resident(ViewerProcess viewer) => int.Parse(
        File.ReadLines($"/proc/{viewer.ProcessId}/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal)).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1],
        CultureInfo.InvariantCulture);
}
