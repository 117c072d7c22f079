using System.Diagnostics;
using FbShare.Capture;
using FbShare.Display.Client;
using FbShare.Linux;
using FbShare.Pictures;
using FbShare.Rig.Driver;
using FbShare.Testing.Screens;
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
    public async Task A_confined_device_shares_the_guest_s_pages_and_makes_them_anew_when_they_were_replaced()
    {
        Assert.Contains("system call filter (", _device.Said, StringComparison.Ordinal);
        Assert.DoesNotContain("no system call filter", _device.Said, StringComparison.Ordinal);
        using var driver = new FrontEndDriver(UnixSocket.Connect(Socket));
        driver.Start();
        Draw(driver, 1);
        Do(driver, CreateBlob(1, Size, [(QueueDriver.FreeMemory, Size)]), SetScanoutBlob(0, 1, 2, Width, Height, Width * 4), Flush(1, 0, 0, Width, Height));
        await using GuestDisplay display = GuestDisplay.Connect($"unix:{Display}");
        RemotePicture first = await AssertShowsAsync(display, 1);
        Assert.Equal(RemotePictureSource.DmaBuf, first.Source);

        for (byte time = 2; time < 12; time++)
        {
            driver.Ram.Descriptor.PunchHole((long)QueueDriver.FreeMemory + (time * Page), 2 * Page);
            Draw(driver, time);
            Do(driver, Flush(1, 0, 0, Width, Height));
            RemotePicture next = await AssertShowsAsync(display, time);
            Assert.NotSame(first, next);
            Assert.Equal(RemotePictureSource.DmaBuf, next.Source);
            first = next;
        }
    }

    private static void Draw(FrontEndDriver driver, byte seed)
    {
        Drawn(seed).CopyTo(driver.Ram.At(QueueDriver.FreeMemory, Size));
    }

    private static byte[] Drawn(byte seed) => [.. Enumerable.Range(0, Width * Height * 4).Select(i => (byte)((i * 7) + (i >> 9) + seed))];

    /// <summary>Waits until a viewer sees what was drawn.</summary>
    /// <returns>How it came.</returns>
    private async Task<RemotePicture> AssertShowsAsync(GuestDisplay display, byte seed)
    {
        Screen screen = display.Screen();
        await ScreenAssert.ShowsAsync(screen, new Picture(DrmFormat.XR24, Width, Height, Drawn(seed)), () => _device.Said);
        return await display.OnLoopAsync(() => screen.Console.Picture!);
    }

    private static void Do(FrontEndDriver driver, params byte[][] requests)
    {
        foreach (byte[] request in requests)
        {
            Assert.Equal(Ok, TypeOf(driver.Request(request)));
        }
    }
}
