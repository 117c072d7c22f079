using System.Diagnostics;
using FbShare.Capture;
using FbShare.Display.Client;
using FbShare.Linux;
using FbShare.Pictures;
using FbShare.Rig.Driver;
using FbShare.Testing.Screens;
using FbShare.Tests;
using Xunit;

namespace FbShare.QemuTests.Testbed;

/// <summary>The boot screen on a real kernel: what firmware draws on is what a viewer's graphics driver reads.</summary>
[Collection(TestbedCollection.Name)]
[Trait("Category", "Testbed")]
public sealed class BootScreenSharingTests : IDisposable
{
    private const uint FrameBuffer = 0, Registers = 2;
    private const ulong XRes = 0x502, YRes = 0x504, Enable = 0x508, VirtWidth = 0x50c, YOffset = 0x512;

    private readonly TemporaryFolder _folder = new("boot");
    private readonly FbShareProcess _device;

    public BootScreenSharingTests()
    {
        _device = new FbShareProcess(new ProcessStartInfo(TestedProgram.Path, ["serve", "--verbose", "--vfio-user", _folder["gpu"], "--display", $"unix:{Display}"])
        {
            RedirectStandardError = true,
        });
        _device.WaitUntil(() => _device.Said.Contains("waiting for QEMU", StringComparison.Ordinal), () => "it does not listen");
    }

    private string Display => _folder["screen"];

    public void Dispose()
    {
        _device.Dispose();
        _folder.Dispose();
    }

    [TestbedFact]
    public async Task What_firmware_draws_is_shared_and_followed_in_every_mode()
    {
        using var machine = new VfioUserDriver(UnixSocket.Connect(_folder["gpu"]));
        machine.AgreeOnVersion();
        using FileDescriptor file = machine.Send(VfioUserDriver.Command.GetRegionInfo, VfioUserDriver.Bytes(32u, 0u, FrameBuffer, 0u, 0UL, 0UL)).Descriptor!;
        using MemoryMapping memory = MemoryMapping.Map(file, 0, 16 << 20, writable: true);
        await using GuestDisplay display = GuestDisplay.Connect($"unix:{Display}");
        Screen screen = display.Screen();
        byte seed = 1;
        // The last of them begins in the middle of a page, inside a wider picture.
        foreach ((int width, int height, int virtualWidth, int first) in ((int, int, int, int)[])[(1280, 800, 1280, 0), (641, 113, 641, 0), (320, 200, 400, 5)])
        {
            Set(machine, Enable, 0);
            Set(machine, XRes, width);
            Set(machine, YRes, height);
            Set(machine, VirtWidth, virtualWidth);
            Set(machine, YOffset, first);
            Set(machine, Enable, 0x41);
            for (int change = 0; change < 3; change++, seed++)
            {
                Picture drawn = Drawn(width, height, seed);
                Draw(memory, drawn, virtualWidth, first);
                await ScreenAssert.ShowsAsync(screen, drawn, () => _device.Said);
                Assert.Equal(RemotePictureSource.DmaBuf, await display.OnLoopAsync(() => screen.Console.Picture?.Source));
            }
        }
        Assert.Equal(("udmabuf", "boot"), await display.OnLoopAsync(() => (screen.Console.Status.Path, screen.Console.Status.ResourceKind)));
    }

    private static void Set(VfioUserDriver machine, ulong register, int value) => machine.Write(Registers, register, BitConverter.GetBytes((ushort)value));

    private static Picture Drawn(int width, int height, byte seed)
    {
        var pixels = new byte[width * height * 4];
        for (int i = 0; i < pixels.Length; i++)
        {
            (int y, int x) = Math.DivRem(i, width * 4);
            pixels[i] = (byte)((x * 7) + (y * 3) + (seed * 31));
        }
        return new Picture(DrmFormat.XR24, width, height, pixels);
    }

    private static void Draw(MemoryMapping memory, Picture picture, int virtualWidth, int first)
    {
        int rowBytes = picture.Width * 4;
        for (int y = 0; y < picture.Height; y++)
        {
            picture.Pixels.Slice(y * rowBytes, rowBytes).CopyTo(memory.Slice((first + y) * virtualWidth * 4, rowBytes));
        }
    }
}
