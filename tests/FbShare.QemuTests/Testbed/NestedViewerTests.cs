using System.Diagnostics;
using FbShare.Capture;
using FbShare.Display.Client;
using FbShare.Testing.Screens;
using FbShare.Tests;
using Xunit.Abstractions;

namespace FbShare.QemuTests.Testbed;

/// <summary>Viewers of real guests whose pictures are shared: our own window and example, and our client at QEMU's own device.</summary>
[Collection(TestbedCollection.Name)]
[Trait("Category", "Testbed")]
[Trait("Category", "Nested")]
public sealed class NestedViewerTests(NestedGuests guests, ITestOutputHelper output)
{
    private const int Width = 1280;
    private const int Height = 800;

    [NestedViewerFact("cage")]
    public void The_window_shows_the_guest_s_own_pages_and_says_how_late()
    {
        Guest guest = guests.Shmem;
        using var server = new XServer();
        using WaylandServer cage = WaylandServer.Cage(server, Width, Height);
        guest.Ask("card still --frame 7", "card: shown");
        long copied = guest.OnLoop(hub => hub.BytesCopied);
        using var viewer = new ViewerProcess(cage, guest.Display, "--renderer", "gl");
        viewer.WaitForTitle($"{Width}x{Height}, udmabuf");
        viewer.AssertShows(TestCard.Still(Width, Height, 7), Width, Height);
        guest.EndCard();
        guest.Ask("card flip 3 full --frames 100", "card: flipped");
        viewer.AssertShows(TestCard.Full(Width, Height, 100), Width, Height);
        guest.EndCard();
        Assert.Equal(copied, guest.OnLoop(hub => hub.BytesCopied));

        server.Do("key", "ctrl+alt+q");
        Assert.Equal(0, viewer.WaitForExit());
        Assert.Contains("since the guest's flush (median, 99 of 100 within, most): told ", viewer.Said, StringComparison.Ordinal);
        output.WriteLine(viewer.Said);
    }

    [NestedFact(Needs.Blob)]
    public void Another_program_takes_the_guest_s_pages_as_a_dma_buf()
    {
        string file = Path.Combine(Path.GetTempPath(), $"fbshare-seen-{Guid.NewGuid():N}.png");
        guests.Shmem.Ask("card still --frame 8", "card: shown");
        try
        {
            using Process client = Process.Start(new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "dmabuf-client"), [$"unix:{guests.Shmem.Display}", file])
            {
                RedirectStandardOutput = true,
            })!;
            string said = client.StandardOutput.ReadToEnd();
            client.WaitForExit();
            Assert.Equal(0, client.ExitCode);
            Assert.Contains($"{Width}x{Height} XR24, modifier 0x0, dma-buf of ", said, StringComparison.Ordinal);
            Assert.True(PictureFile.Read(file).ToRgb().AsSpan().SequenceEqual(TestCard.Still(Width, Height, 8)), "the picture is another one");
        }
        finally
        {
            File.Delete(file);
            guests.Shmem.EndCard();
        }
    }

    /// <summary>Also when the guest takes another size, where QEMU tells of the old buffer's end last of all.</summary>
    [NestedFact(Needs.Blob, "/dev/dri/renderD128")]
    [Trait("Category", "Slow")]
    public async Task A_stock_QEMU_with_OpenGL_shares_its_guest_s_pages_and_they_are_read_the_right_way_up()
    {
        using var folder = new TemporaryFolder("stock-gl");
        using var stock = new StockGuest(new GuestOptions { Patience = NestedGuests.Patience }, folder.Path, gl: true, "virtio-gpu-pci,blob=true");
        await using GuestDisplay display = GuestDisplay.Connect(stock.Display);
        Screen screen = display.Screen(display.Outputs[0]);

        await ShowAsync("card still --frame 9", TestCard.Still(Width, Height, 9), Width, Height);
        await ShowAsync("card mode 1024x768 --frame 10", TestCard.Still(1024, 768, 10), 1024, 768);
        await ShowAsync("card flip 3 full --frames 15", TestCard.Full(Width, Height, 15), Width, Height);

        async Task ShowAsync(string command, byte[] rgb, int width, int height)
        {
            stock.Machine.Type(command);
            await ScreenAssert.ShowsAsync(screen, TestCard.ToPicture(rgb, width, height), () => stock.Machine.Log, new WaitOptions { Timeout = NestedGuests.Patience });
            Assert.Equal(RemotePictureSource.DmaBuf, await display.OnLoopAsync(() => screen.Console.Picture?.Source));
            stock.Machine.EndCard();
        }
    }
}
