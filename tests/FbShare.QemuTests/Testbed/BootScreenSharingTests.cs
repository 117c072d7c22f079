using System.Diagnostics;
using FbShare.Display.Client;
using FbShare.Linux;
using FbShare.Rig.Driver;
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
    public void What_firmware_draws_is_shared_and_followed_in_every_mode()
    {
        using var loop = new EventLoop();
        using var machine = new VfioUserDriver(UnixSocket.Connect(_folder["gpu"]));
        machine.AgreeOnVersion();
        using FileDescriptor file = machine.Send(VfioUserDriver.Command.GetRegionInfo, VfioUserDriver.Bytes(32u, 0u, FrameBuffer, 0u, 0UL, 0UL)).Descriptor!;
        using MemoryMapping memory = MemoryMapping.Map(file, 0, 16 << 20, writable: true);
        using DisplayClient client = DisplayClient.Connect(loop, new DisplayAddress(DisplayAddressKind.Unix, Display));
        RemoteConsole console = client.Consoles[0];
        var view = new LatestPicture(console);
        console.Watch(view, takeDmaBuf: true);
        byte seed = 1;
        // The last of them begins in the middle of a page, inside a wider picture.
        foreach ((int width, int height, int virtualWidth, int first) in (ReadOnlySpan<(int, int, int, int)>)[(1280, 800, 1280, 0), (641, 113, 641, 0), (320, 200, 400, 5)])
        {
            Set(machine, Enable, 0);
            Set(machine, XRes, width);
            Set(machine, YRes, height);
            Set(machine, VirtWidth, virtualWidth);
            Set(machine, YOffset, first);
            Set(machine, Enable, 0x41);
            for (int change = 0; change < 3; change++, seed++)
            {
                int before = view.Changes;
                Draw(memory, width, height, virtualWidth, first, seed);
                RunUntil(loop, () => view.Changes > before && console.Picture is { Source: RemotePictureSource.DmaBuf } picture && picture.Layout.Width == width && IsShown(view, width, height, seed));
            }
        }
        Assert.Equal(("udmabuf", "boot"), (console.Status.Path, console.Status.ResourceKind));
    }

    private static void Set(VfioUserDriver machine, ulong register, int value) => machine.Write(Registers, register, BitConverter.GetBytes((ushort)value));

    private static void Draw(MemoryMapping memory, int width, int height, int virtualWidth, int first, byte seed)
    {
        for (int y = 0; y < height; y++)
        {
            Span<byte> row = memory.Slice((first + y) * virtualWidth * 4, width * 4);
            for (int i = 0; i < row.Length; i++)
            {
                row[i] = Byte(i, y, seed);
            }
        }
    }

    private static bool IsShown(LatestPicture view, int width, int height, byte seed)
    {
        ReadOnlySpan<byte> pixels = view.Take().Pixels;
        for (int y = 0; y < height; y++)
        {
            for (int i = 0; i < width * 4; i++)
            {
                // The fourth byte of a pixel means nothing.
                if (i % 4 != 3 && pixels[(y * width * 4) + i] != Byte(i, y, seed))
                {
                    return false;
                }
            }
        }
        return true;
    }

    private static byte Byte(int i, int y, byte seed) => (byte)((i * 7) + (y * 3) + (seed * 31));

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
