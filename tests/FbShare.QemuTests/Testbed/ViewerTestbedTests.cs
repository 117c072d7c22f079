using System.Diagnostics;

namespace FbShare.QemuTests.Testbed;

/// <summary>The viewer's window where pictures really can be shared: Mesa's llvmpipe imports dma-bufs under Wayland, and under X11 it does not.</summary>
[Collection(TestbedCollection.Name)]
[Trait("Category", "Testbed")]
public sealed class ViewerTestbedTests(NestedGuests guests)
{
    private const int Width = 1280;
    private const int Height = 800;

    [NestedViewerFact("cage")]
    public void Under_Wayland_the_window_shows_the_guest_s_own_pages_and_the_path_can_be_switched()
    {
        Guest guest = guests.Shmem;
        using var server = new XServer();
        using WaylandServer cage = OpenCage(server);
        guest.Ask("card still --frame 7", "card: shown");
        using var viewer = new ViewerProcess(cage, guest.Display);
        viewer.WaitForTitle($"{Width}x{Height}, udmabuf");
        viewer.AssertShows(TestCard.Still(Width, Height, 7), Width, Height);
        guest.EndCard();

        long before = guest.OnLoop(hub => hub.BytesCopied);
        guest.Ask("card flip 3 full --frames 12", "card: flipped");
        viewer.AssertShows(TestCard.Full(Width, Height, 12), Width, Height);
        Assert.Equal(before, guest.OnLoop(hub => hub.BytesCopied));

        server.Do("key", "ctrl+alt+p");
        viewer.WaitForTitle($"{Width}x{Height}, copy");
        viewer.AssertShows(TestCard.Full(Width, Height, 12), Width, Height);
        server.Do("key", "ctrl+alt+p");
        viewer.WaitForTitle($"{Width}x{Height}, udmabuf");
        viewer.AssertShows(TestCard.Full(Width, Height, 12), Width, Height);
        guest.EndCard();
    }

    [NestedViewerFact]
    public void Under_X11_whose_driver_imports_nothing_the_window_shows_a_copy_and_says_why()
    {
        Guest guest = guests.Shmem;
        using var server = new XServer();
        guest.Ask("card still --frame 8", "card: shown");
        using var viewer = new ViewerProcess(server, guest.Display);
        viewer.WaitForTitle($"{Width}x{Height}, copy");
        viewer.AssertShows(TestCard.Still(Width, Height, 8), Width, Height);
        Assert.Contains("EGL_EXT_image_dma_buf_import is missing", viewer.Said, StringComparison.Ordinal);
        guest.EndCard();
    }

    [NestedViewerFact]
    public void A_stock_QEMU_without_OpenGL_shares_its_surface_and_the_window_shows_it()
    {
        GuestMachine guest = guests.Stock.Machine;
        using var server = new XServer();
        guest.Ask("card still --frame 9", "card: shown");
        using var viewer = new ViewerProcess(server, guests.Stock.Display);
        viewer.WaitForTitle($"{Width}x{Height}, copy");
        viewer.AssertShows(TestCard.Still(Width, Height, 9), Width, Height);
        guest.EndCard();
        guest.Ask("card flip 3 full --frames 12", "card: flipped");
        viewer.AssertShows(TestCard.Full(Width, Height, 12), Width, Height);
        guest.EndCard();
    }

    [NestedViewerFact("cage", "modprobe")]
    public void A_stock_QEMU_with_OpenGL_shares_the_guest_s_pages_and_the_window_shows_them()
    {
        // QEMU's OpenGL wants a DRM render node; this one is memory only.
        Run("modprobe", "vgem");
        DirectoryInfo folder = Directory.CreateTempSubdirectory("fbshare-gl-");
        try
        {
            using var server = new XServer();
            using WaylandServer cage = OpenCage(server);
            using var guest = new StockGuest(new GuestOptions { Patience = TimeSpan.FromMinutes(12) }, folder.FullName, gl: true);
            guest.Machine.Ask("card still --frame 9", "card: shown");
            using var viewer = new ViewerProcess(cage, guest.Display);
            viewer.WaitForTitle($"{Width}x{Height}, udmabuf");
            viewer.AssertShows(TestCard.Still(Width, Height, 9), Width, Height);
            guest.Machine.EndCard();
            guest.Machine.Ask("card flip 3 full --frames 12", "card: flipped");
            viewer.AssertShows(TestCard.Full(Width, Height, 12), Width, Height);
        }
        finally
        {
            Run("modprobe", "-r", "vgem");
            folder.Delete(recursive: true);
        }
    }

    /// <summary>A compositor whose screen has the guest's size.</summary>
    private static WaylandServer OpenCage(XServer server)
    {
        WaylandServer cage = WaylandServer.Cage(server);
        server.Do("windowmove", cage.FindWindow(0), "0", "0");
        server.Do("windowsize", "--sync", cage.FindWindow(0), $"{Width}", $"{Height}");
        return cage;
    }

    private static void Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(program, arguments);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }
}

/// <summary>Runs where <see cref="NestedFactAttribute"/> does and windows can be opened and looked at.</summary>
internal sealed class NestedViewerFactAttribute : FactAttribute
{
    /// <param name="programs">What else has to be there.</param>
    public NestedViewerFactAttribute(params string[] programs) => Skip = NestedFactAttribute.Missing(Needs.Blob) ?? ViewerFactAttribute.Missing(programs);
}
