using System.Diagnostics;
using FbShare.Display.Client;
using FbShare.Linux;
using FbShare.Rig.Driver;
using FbShare.Tests;
using Xunit;
using static FbShare.Rig.Driver.Commands;

namespace FbShare.QemuTests.Testbed;

/// <summary>The program's own device, in its sandbox, makes udmabufs, watches their pages and reads the kernel's limits, all of which need files that it
/// can no longer open.</summary>
[Collection(TestbedCollection.Name)]
[Trait("Category", "Testbed")]
public sealed class ConfinedDeviceTests : IDisposable
{
    private const int Width = 320, Height = 200, Page = GuestPages.Page, Size = Width * Height * 4 / Page * Page + Page;

    private readonly TemporaryFolder _folder = new("confined");
    private readonly FbShareProcess _device;

    public ConfinedDeviceTests()
    {
        _device = new FbShareProcess(new ProcessStartInfo(
            TestedProgram.Path, ["serve", "--verbose", "--unthrottled", "--socket-path", Socket, "--display", $"unix:{Display}"])
        { RedirectStandardError = true });
        _device.WaitUntil(() => _device.Said.Contains("waiting for QEMU", StringComparison.Ordinal), () => "it does not listen");
    }

    private string Socket => _folder["gpu"];

    private string Display => _folder["screen"];

    public void Dispose()
    {
        _device.Dispose();
        _folder.Dispose();
    }

    [TestbedFact]
    public void A_confined_device_shares_the_guest_s_pages_and_makes_them_anew_when_they_were_replaced()
    {
        Assert.Contains("system call filter (", _device.Said, StringComparison.Ordinal);
        Assert.DoesNotContain("no system call filter", _device.Said, StringComparison.Ordinal);
        using var loop = new EventLoop();
        using var driver = new FrontEndDriver(UnixSocket.Connect(Socket));
        driver.Start();
        Draw(driver, 1);
        Do(driver, CreateBlob(1, Size, [(QueueDriver.FreeMemory, Size)]), SetScanoutBlob(0, 1, 2, Width, Height, Width * 4), Flush(1, 0, 0, Width, Height));
        using DisplayClient client = DisplayClient.Connect(loop, new DisplayAddress(DisplayAddressKind.Unix, Display));
        RemoteConsole console = client.Consoles[0];
        var view = new LatestPicture(console);
        console.Watch(view, takeDmaBuf: true);
        RunUntil(loop, () => console.Picture is not null);
        Assert.Equal(RemotePictureSource.DmaBuf, console.Picture!.Source);
        AssertShows(view, 1);

        for (byte time = 2; time < 12; time++)
        {
            driver.Ram.Descriptor.PunchHole((long)QueueDriver.FreeMemory + (time * Page), 2 * Page);
            Draw(driver, time);
            RemotePicture before = console.Picture!;
            Do(driver, Flush(1, 0, 0, Width, Height));
            RunUntil(loop, () => !ReferenceEquals(console.Picture, before));
            AssertShows(view, time);
        }
        Assert.Equal(RemotePictureSource.DmaBuf, console.Picture!.Source);
    }

    private static void Draw(FrontEndDriver driver, byte seed)
    {
        Span<byte> pixels = driver.Ram.At(QueueDriver.FreeMemory, Size);
        for (int i = 0; i < pixels.Length; i++)
        {
            pixels[i] = Byte(i, seed);
        }
    }

    private static byte Byte(int i, byte seed) => (byte)((i * 7) + (i >> 9) + seed);

    private static void AssertShows(LatestPicture view, byte seed)
    {
        ReadOnlySpan<byte> pixels = view.Take().Pixels;
        for (int i = 0; i < pixels.Length; i += 4)
        {
            Assert.Equal((Byte(i, seed), Byte(i + 1, seed), Byte(i + 2, seed)), (pixels[i], pixels[i + 1], pixels[i + 2]));
        }
    }

    private static void Do(FrontEndDriver driver, params byte[][] requests)
    {
        foreach (byte[] request in requests)
        {
            Assert.Equal(Ok, TypeOf(driver.Request(request)));
        }
    }

    private void RunUntil(EventLoop loop, Func<bool> isSo)
    {
        long end = EventLoop.Now + 60_000_000_000;
        while (!isSo())
        {
            Assert.True(EventLoop.Now < end, $"it did not happen; the device said: {_device.Said}");
            loop.RunOnce(100);
        }
    }
}
