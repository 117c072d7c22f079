using System.Diagnostics;
using System.Text;
using FbShare.Capture;
using FbShare.Linux;

namespace FbShare.QemuTests;

/// <summary><c>fbshare region --live</c> on an X server.</summary>
public sealed class RegionWindowTests : IDisposable
{
    private const int Width = 320;
    private const int Height = 200;
    private const int Bytes = Width * Height * 4;
    private const int Page = 4096;

    private readonly FileDescriptor _memory = MemFd.Create("region-window", 64 * Page);

    [ViewerFact]
    public void The_window_shows_the_pages_and_what_is_written_to_them()
    {
        using var server = new XServer();
        using MemoryMapping guest = MemoryMapping.Map(_memory, 0, 64 * Page, writable: true);
        byte[] first = Draw(guest, 1);
        using Process region = Process.Start(server.StartInfo(Program, Arguments))!;
        try
        {
            string? window = null;
            XServer.WaitUntil(
                () => region.HasExited || (window = Find(server, region)) is not null,
                () => "no window appeared");
            if (window is null)
            {
                Assert.Fail(region.StandardError.ReadToEnd());
            }
            AssertShows(server, window, first);
            AssertShows(server, window, Draw(guest, 2));

            server.Do("windowfocus", window);
            server.Do("key", "ctrl+alt+q");
            Assert.True(region.WaitForExit(TimeSpan.FromSeconds(60)), "it did not end");
            Assert.Equal((0, ""), (region.ExitCode, region.StandardOutput.ReadToEnd()));
        }
        finally
        {
            region.Kill();
        }
    }

    [ViewerFact]
    public void Without_a_display_server_it_says_so_and_what_to_do_instead()
    {
        using var server = new XServer();
        ProcessStartInfo blind = server.StartInfo(Program, [.. Arguments, "--quiet"]);
        blind.Environment.Remove("DISPLAY");
        using Process region = Process.Start(blind)!;
        string said = region.StandardError.ReadToEnd();
        region.WaitForExit();

        Assert.Equal(4, region.ExitCode);
        Assert.StartsWith("fbshare: no window can be opened here: ", said, StringComparison.Ordinal);
        Assert.EndsWith("(without a window: -o FILE writes the picture to a file)\n", said, StringComparison.Ordinal);
        Assert.Single(said.TrimEnd('\n').Split('\n'));
    }

    public void Dispose() => _memory.Dispose();

    private static string Program => Path.Combine(AppContext.BaseDirectory, "fbshare");

    /// <summary>The picture ends in the pages before those in which it begins.</summary>
    private string[] Arguments =>
    [
        "region", "--pid", $"{Environment.ProcessId}", "--fd", $"{_memory.Number}", "--range", $"{32 * Page}:{31 * Page},0:{32 * Page}",
        "--size", $"{Width}x{Height}", "--live",
    ];

    /// <returns>What must be seen: R, G, B.</returns>
    private static byte[] Draw(MemoryMapping guest, int seed)
    {
        byte[] pixels = new byte[Bytes];
        new Random(seed).NextBytes(pixels);
        pixels.AsSpan(0, 31 * Page).CopyTo(guest.Slice(32 * Page, 31 * Page));
        pixels.AsSpan(31 * Page).CopyTo(guest.Slice(0, Bytes - (31 * Page)));
        return [.. pixels.Chunk(4).SelectMany(p => new[] { p[2], p[1], p[0] })];
    }

    private static string? Find(XServer server, Process process) =>
        server.TryRun("xdotool", "search", "--onlyvisible", "--pid", $"{process.Id}") is { Length: > 0 } found ? Encoding.UTF8.GetString(found).Trim() : null;

    private static void AssertShows(XServer server, string window, byte[] rgb) => XServer.WaitUntil(
        () => server.TryRun("import", "-window", window, "png:-") is { Length: > 0 } png && PngFile.Decode(png) is { Width: Width, Height: Height } picture
            && picture.ToRgb().AsSpan().SequenceEqual(rgb),
        () => "the window does not show the pages");
}
