using FbShare.Capture;
using FbShare.Display;
using FbShare.Linux;
using FbShare.Rig.Driver;
using FbShare.VirtioGpu;
using static FbShare.Rig.Driver.Commands;

namespace FbShare.Tests.Device;

/// <summary>The Bochs display beside the virtio-gpu: shown until a driver shows something, and again after a reset.</summary>
public class BootScreenTests
{
    private const int BytesPerPixel = 4;
    private const uint FrameBuffer = 0, Registers = 2;
    private const ulong Id = 0x500, XRes = 0x502, YRes = 0x504, Bpp = 0x506, Enable = 0x508, VirtWidth = 0x50c, XOffset = 0x510, YOffset = 0x512, Memory = 0x514;

    private static readonly (ulong, uint)[] Pages = [(4 << 20, 16384)];

    [Fact]
    public void Registers_tell_what_the_display_can()
    {
        using DeviceUnderTest device = NewDevice();
        Assert.Equal(0xb0c5, Get(device, Id));
        Assert.Equal(16 * 16, Get(device, Memory));
        Set(device, Enable, 2);
        Assert.Equal((1920, 1080, 32), (Get(device, XRes), Get(device, YRes), Get(device, Bpp)));
        Set(device, Enable, 0);
        // A depth that is not there is not taken.
        Set(device, Bpp, 8);
        Assert.Equal(32, Get(device, Bpp));
        Set(device, Id, 1);
        Assert.Equal(0xb0c5, Get(device, Id));
        byte[] edid = device.Machine.Read(Registers, 0, 128);
        Assert.Equal([0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0], edid[..8]);
        Assert.Equal(0, edid.Sum(b => b) & 0xff);
        Assert.Equal(1357, edid[56] | ((edid[58] & 0xf0) << 4));
    }

    [Fact]
    public void What_is_drawn_through_the_mapped_BAR_is_shown_and_followed()
    {
        using DeviceUnderTest device = NewDevice();
        Screen screen = device.Watch();
        using MemoryMapping memory = Map(device);
        SetMode(device, 641, 113);
        Draw(memory, 641, 113, 641, 0, seed: 1);

        Await(device, screen, 641, 113, seed: 1);
        Assert.Equal(ScanoutKind.Boot, device.OnLoop(() => screen.Scanout!.Kind));
        Draw(memory, 641, 113, 641, 0, seed: 2);
        Await(device, screen, 641, 113, seed: 2);

        // Another mode, panned inside a wider one.
        Set(device, Enable, 0);
        Set(device, XRes, 320);
        Set(device, YRes, 200);
        Set(device, VirtWidth, 400);
        Set(device, XOffset, 3);
        Set(device, YOffset, 5);
        Draw(memory, 320, 200, 400, (5 * 400) + 3, seed: 4);
        Set(device, Enable, 0x41);
        Await(device, screen, 320, 200, seed: 4);
        Assert.DoesNotContain("disable", device.OnLoop(() => screen.Events.Skip(1).ToArray()));
    }

    [Fact]
    public void Who_comes_later_is_shown_what_was_drawn_meanwhile_and_nothing_older()
    {
        using DeviceUnderTest device = NewDevice();
        using MemoryMapping memory = Map(device);
        Screen first = device.Watch();
        SetMode(device, 64, 64);
        Draw(memory, 64, 64, 64, 0, seed: 1);
        Await(device, first, 64, 64, seed: 1);
        device.OnLoop(() =>
        {
            device.Hub.Detach(0, first);
            return true;
        });

        Draw(memory, 64, 64, 64, 0, seed: 2);

        var late = new Screen();
        Assert.True(device.OnLoop(() =>
        {
            device.Hub.Attach(0, late);
            return IsShown(late, 64, 64, seed: 2);
        }));
    }

    [Fact]
    public void What_is_written_by_messages_is_shown_too()
    {
        using DeviceUnderTest device = NewDevice();
        Screen screen = device.Watch();
        SetMode(device, 64, 64);
        for (int y = 0; y < 64; y++)
        {
            device.Machine.Write(FrameBuffer, (ulong)(y * 64 * BytesPerPixel), Reference.Row("BGR-", 0, 64, y, seed: 6));
        }
        Await(device, screen, 64, 64, seed: 6);
        Assert.Equal(Reference.Row("BGR-", 0, 64, 7, seed: 6), device.Machine.Read(FrameBuffer, 7 * 64 * BytesPerPixel, 64 * BytesPerPixel));
    }

    [Fact]
    public void A_driver_takes_the_screen_over_without_a_gap_and_gives_it_back_at_a_reset()
    {
        using DeviceUnderTest device = NewDevice();
        Screen screen = device.Watch();
        using MemoryMapping memory = Map(device);
        SetMode(device, 320, 200);
        Draw(memory, 320, 200, 320, 0, seed: 1);
        Await(device, screen, 320, 200, seed: 1);
        int before = device.OnLoop(() => screen.Events.Count);

        // A driver begins: it resets the device and switches the output off first.
        device.Machine.StartAnew();
        device.DoAll(SetScanout(0, 0, 0, 0, 0, 0));
        Reference.Draw(device.Ram, Pages, "BGR-", 64, 64, 256, 0, seed: 2);
        device.DoAll(CreateBlob(1, 16384, Pages), SetScanoutBlob(0, 1, 2, 64, 64, 256), Flush(1, 0, 0, 64, 64));
        device.OnLoop(() => true);
        Reference.AssertShown(screen, "XR24", "BGR-", 64, 64, seed: 2);
        Assert.DoesNotContain("disable", device.OnLoop(() => screen.Events.Skip(before).ToArray()));

        // From now on off is off.
        device.DoAll(SetScanout(0, 0, 0, 0, 0, 0));
        Assert.Equal("disable", device.OnLoop(() => screen.Events[^1]));

        Draw(memory, 320, 200, 320, 0, seed: 3);
        device.Machine.Status = 0;
        Await(device, screen, 320, 200, seed: 3);

        // The machine's reset switches the display off.
        device.Machine.Send(VfioUserDriver.Command.Reset, []);
        Assert.Equal("disable", device.OnLoop(() => screen.Events[^1]));
    }

    [Fact]
    public void A_dump_has_the_boot_screen_whenever_it_stands_still_and_then_the_driver_s_first_picture()
    {
        using DeviceUnderTest device = NewDevice();
        using MemoryMapping memory = Map(device);
        List<(Picture Picture, ScanoutKind Kind)> still = [], first = [];
        FrameDump whenStill = device.Dump(new DumpTrigger(TimeSpan.FromMilliseconds(80), 0), still);
        FrameDump atFirst = device.Dump(new DumpTrigger(null, 1), first);
        SetMode(device, 64, 64);
        foreach (int seed in (int[])[1, 2])
        {
            Draw(memory, 64, 64, 64, 0, seed);
            AwaitLast(ScanoutKind.Boot, seed);
        }
        Assert.False(device.OnLoop(() => whenStill.IsDone || atFirst.IsDone));

        Reference.Draw(device.Ram, Pages, "BGR-", 64, 64, 256, 0, seed: 3);
        device.DoAll(CreateBlob(1, 16384, Pages), SetScanoutBlob(0, 1, 2, 64, 64, 256), Flush(1, 0, 0, 64, 64));
        AwaitLast(ScanoutKind.Blob, 3);
        Assert.True(device.OnLoop(() => whenStill.IsDone && atFirst.IsDone));
        Assert.Equal([ScanoutKind.Blob], device.OnLoop(() => first.Select(f => f.Kind).ToArray()));
        foreach (FrameDump dump in (FrameDump[])[whenStill, atFirst])
        {
            device.OnLoop(() =>
            {
                device.Hub.Detach(0, dump);
                dump.Dispose();
                return true;
            });
        }

        void AwaitLast(ScanoutKind kind, int seed)
        {
            byte[] row = Reference.Row("BGR-", 0, 64, 7, seed);
            long end = EventLoop.Now + 20_000_000_000;
            while (!device.OnLoop(() => still.Count > 0 && still[^1].Kind == kind && still[^1].Picture.Pixels.Slice(7 * 64 * BytesPerPixel, row.Length).SequenceEqual(row)))
            {
                Assert.True(EventLoop.Now < end, $"{kind} with seed {seed} is not dumped");
            }
        }
    }

    [Theory]
    [InlineData(4)]
    [InlineData(8)]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(24)]
    [InlineData(33)]
    [InlineData(0xffff)]
    public void Another_depth_is_refused_and_the_last_picture_stays_until_the_right_one_is_set(ushort depth)
    {
        using DeviceUnderTest device = NewDevice();
        Screen screen = device.Watch();
        using MemoryMapping memory = Map(device);
        Draw(memory, 64, 64, 64, 0, seed: 1);
        SetMode(device, 64, 64);
        Await(device, screen, 64, 64, seed: 1);

        Set(device, Bpp, depth);
        SetMode(device, 320, 200);
        Assert.Equal((32, 0x40), (Get(device, Bpp), Get(device, Enable)));
        Set(device, Bpp, 32);
        Assert.Equal(0x41, Get(device, Enable));
        Draw(memory, 320, 200, 320, 0, seed: 2);
        Await(device, screen, 320, 200, seed: 2);
        Assert.Equal(["show 64x64", "show 320x200"], device.OnLoop(() => screen.Events.Where(e => e.StartsWith("show ", StringComparison.Ordinal)).ToArray()));
    }

    [Theory]
    [InlineData(320, 200)]
    [InlineData(641, 479)]
    [InlineData(800, 600)]
    [InlineData(1024, 768)]
    [InlineData(1366, 768)]
    [InlineData(1600, 1200)]
    [InlineData(1920, 1080)]
    public void Every_mode_up_to_full_HD_is_shown(ushort width, ushort height)
    {
        using DeviceUnderTest device = NewDevice();
        Screen screen = device.Watch();
        using MemoryMapping memory = Map(device);
        Draw(memory, width, height, width, 0, seed: width);
        Set(device, Bpp, 32);
        SetMode(device, width, height);
        Await(device, screen, width, height, seed: width);
    }

    [Theory]
    [InlineData(0, 200, 0, 0)]
    [InlineData(320, 0, 0, 0)]
    [InlineData(4096, 2000, 0, 0)]
    [InlineData(320, 200, 65535, 65535)]
    [InlineData(320, 65535, 65535, 0)]
    public void A_mode_outside_the_memory_is_not_shown(ushort width, ushort height, ushort virtWidth, ushort yOffset)
    {
        using DeviceUnderTest device = NewDevice();
        Screen screen = device.Watch();
        SetMode(device, 64, 64);
        Await(device, screen, 64, 64, seed: null);
        Set(device, VirtWidth, virtWidth);
        Set(device, YOffset, yOffset);
        Set(device, XRes, width);
        Set(device, YRes, height);
        Set(device, Enable, 0x41);
        // Shown again when it is one again, and nothing broke meanwhile.
        Set(device, VirtWidth, 0);
        Set(device, YOffset, 0);
        SetMode(device, 65, 64);
        Await(device, screen, 65, 64, seed: null);
        Assert.DoesNotContain(device.OnLoop(() => screen.Events.ToArray()), e => e.StartsWith("show ", StringComparison.Ordinal) && e is not ("show 64x64" or "show 65x64"));
    }

    [Fact]
    public void A_function_without_a_boot_screen_has_no_such_BARs()
    {
        using var device = new DeviceUnderTest(transport: Transport.VfioUser);
        Assert.Equal(new byte[4], device.Machine.ReadConfig(0x10, 4));
        Assert.Throws<InvalidOperationException>(() => device.Machine.Read(Registers, Id, 2));
    }

    private static DeviceUnderTest NewDevice() =>
        new(new GpuOptions { Width = 1357, Height = 733, RefreshHz = null }, transport: Transport.VfioUser, rom: ReadOnlyMemory<byte>.Empty);

    private static MemoryMapping Map(DeviceUnderTest device)
    {
        using FileDescriptor file = device.Machine.Send(VfioUserDriver.Command.GetRegionInfo, VfioUserDriver.Bytes(32u, 0u, FrameBuffer, 0u, 0UL, 0UL)).Descriptor!;
        return MemoryMapping.Map(file, 0, 16 << 20, writable: true);
    }

    private static void Draw(MemoryMapping memory, int width, int height, int stride, int first, int seed)
    {
        for (int y = 0; y < height; y++)
        {
            Reference.Row("BGR-", 0, width, y, seed).CopyTo(memory.Slice((first + (y * stride)) * BytesPerPixel, width * BytesPerPixel));
        }
    }

    private static void SetMode(DeviceUnderTest device, ushort width, ushort height)
    {
        Set(device, Enable, 0);
        Set(device, XRes, width);
        Set(device, YRes, height);
        Set(device, Enable, 0x41);
    }

    private static void Set(DeviceUnderTest device, ulong register, ushort value) => device.Machine.Write(Registers, register, BitConverter.GetBytes(value));

    private static ushort Get(DeviceUnderTest device, ulong register) => BitConverter.ToUInt16(device.Machine.Read(Registers, register, 2));

    /// <summary>Waits until a picture is shown; the device looks at the display 30 times a second.</summary>
    private static void Await(DeviceUnderTest device, Screen screen, int width, int height, int? seed)
    {
        long end = EventLoop.Now + 20_000_000_000;
        while (!device.OnLoop(() => screen.Layout.Width == width && screen.Layout.Height == height && (seed is not { } s || IsShown(screen, width, height, s))))
        {
            Assert.True(EventLoop.Now < end, $"{width}x{height} with seed {seed} is not shown: {string.Join(", ", screen.Events.TakeLast(5))}");
        }
    }

    private static bool IsShown(Screen screen, int width, int height, int seed)
    {
        for (int y = 0; y < height; y++)
        {
            if (!Reference.Row("BGR-", 0, width, y, seed).AsSpan().SequenceEqual(screen.Row(y)))
            {
                return false;
            }
        }
        return true;
    }
}
