using System.Diagnostics;

namespace FbShare.QemuTests;

/// <summary><c>fbshare region --live</c> on an X server.</summary>
public sealed class RegionWindowTests : IDisposable
{
    private readonly ScatteredPicture _picture = new();

    [ViewerTheory]
    [InlineData("XR24", 2, 1, 0)]
    [InlineData("AR24", 2, 1, 0)]
    [InlineData("BX24", 1, 2, 3)]
    [InlineData("BA24", 1, 2, 3)]
    [InlineData("XB24", 0, 1, 2)]
    [InlineData("AB24", 0, 1, 2)]
    [InlineData("RX24", 3, 2, 1)]
    [InlineData("RA24", 3, 2, 1)]
    public void Each_order_of_bytes_has_its_colours(string format, int red, int green, int blue)
    {
        using var server = new XServer();
        byte[] first = _picture.Draw(3, red, green, blue);
        using var region = new ViewerProcess(server, [.. _picture.Command, "--format", format]);
        region.AssertShows(first, ScatteredPicture.Width, ScatteredPicture.Height);
        region.AssertShows(_picture.Draw(4, red, green, blue), ScatteredPicture.Width, ScatteredPicture.Height);
    }

    [ViewerFact]
    public void The_window_shows_the_pages_and_what_is_written_to_them()
    {
        using var server = new XServer();
        byte[] first = _picture.Draw(1);
        using var region = new ViewerProcess(server, _picture.Command);
        region.AssertShows(first, ScatteredPicture.Width, ScatteredPicture.Height);
        region.AssertShows(_picture.Draw(2), ScatteredPicture.Width, ScatteredPicture.Height);

        server.Do("key", "ctrl+alt+q");
        Assert.Equal((0, ""), (region.WaitForExit(), region.Printed));
    }

    [ViewerFact]
    public void Without_a_display_server_it_says_so_and_what_to_do_instead()
    {
        using var server = new XServer();
        ProcessStartInfo blind = server.StartInfo(TestedProgram.Path, [.. _picture.Command, "--quiet"]);
        blind.Environment.Remove("DISPLAY");
        using Process region = Process.Start(blind)!;
        string said = region.StandardError.ReadToEnd();
        region.WaitForExit();

        Assert.Equal(4, region.ExitCode);
        Assert.StartsWith("fbshare: no window can be opened here: ", said, StringComparison.Ordinal);
        Assert.EndsWith("(without a window: -o FILE writes the picture to a file)\n", said, StringComparison.Ordinal);
        Assert.Single(said.TrimEnd('\n').Split('\n'));
    }

    public void Dispose() => _picture.Dispose();
}
