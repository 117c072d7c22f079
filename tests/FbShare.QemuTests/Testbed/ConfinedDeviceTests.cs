using System.Diagnostics;
using FbShare.Capture;
using FbShare.Display.Client;
using FbShare.Linux;
using FbShare.Pictures;
using FbShare.Rig.Driver;
using FbShare.Testing.Screens;
using FbShare.Tests;
using FbShare.Tests.Display;

namespace FbShare.QemuTests.Testbed;

/// <summary>The program's own device, in its sandbox, makes udmabufs, watches their pages and reads the kernel's limits, all of which need files that it
/// can no longer open.</summary>
[Collection(TestbedCollection.Name)]
[Trait("Category", "Testbed")]
public sealed class ConfinedDeviceTests : IDisposable
{
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
        using var witness = new Witness(driver, new DisplayAddress(DisplayAddressKind.Unix, Display), takesPages: true);
        await using GuestDisplay display = GuestDisplay.Connect($"unix:{Display}");
        Screen screen = display.Screen();
        for (int time = 2; time < 12; time++)
        {
            // Two pages each time elsewhere, and that of the pixel that the witness looks at.
            driver.Ram.Descriptor.PunchHole((long)QueueDriver.FreeMemory + (time * GuestPages.Page), 2 * GuestPages.Page);
            driver.Ram.Descriptor.PunchHole((long)QueueDriver.FreeMemory + (Witness.LastPixel / GuestPages.Page * GuestPages.Page), GuestPages.Page);
            witness.Draw();
            await ScreenAssert.ShowsAsync(screen, new Picture(DrmFormat.XR24, Witness.Width, Witness.Height, witness.Drawn), () => _device.Said);
            Assert.True(witness.Source == RemotePictureSource.DmaBuf, $"{witness.Source}; the device said:\n{_device.Said}");
        }
        _device.WaitUntil(() => _device.Said.Contains("made again", StringComparison.Ordinal), () => "no dma-buf was made again");
    }
}
