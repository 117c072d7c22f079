using FbShare.Display;
using FbShare.Rig.Driver;
using FbShare.VirtioGpu;
using static FbShare.Rig.Driver.Commands;

namespace FbShare.Tests.Device;

public class BlobTests : OverTransport
{
    public static TheoryData<int, int, int, int, int, int> Pictures()
    {
        var data = new TheoryData<int, int, int, int, int, int>();
        for (int format = 0; format < 8; format++)
        {
            // width, height, padding of the stride, offset, most pages in a piece
            data.Add(format, 1, 1, 0, 0, 0);
            data.Add(format, 33, 7, 4, 0, 1);
            data.Add(format, 641, 113, 28, 4096, 1);
            data.Add(format, 1366, 96, 0, 5464, 3);
            data.Add(format, 640, 480, 0, 0, 0);
        }
        data.Add(1, 3840, 300, 4096, 12, 2);
        return data;
    }

    [Theory]
    [MemberData(nameof(Pictures))]
    public void A_blob_is_shown_byte_for_byte(int format, int width, int height, int padding, int offset, int fragment)
    {
        using var device = NewDevice();
        Screen screen = device.Watch();
        (uint virtio, string drm, string order) = Reference.Formats[format];
        int stride = (width * 4) + padding;
        long size = offset + ((long)stride * height);
        var pages = Reference.Scatter(size, fragment, seed: format);
        Reference.Draw(device.Ram, pages, order, width, height, stride, offset, seed: 3);

        device.DoAll(
            CreateBlob(7, (ulong)size, pages),
            SetScanoutBlob(0, 7, virtio, (uint)width, (uint)height, (uint)stride, (uint)offset),
            Flush(7, 0, 0, (uint)width, (uint)height));

        device.OnLoop(() => true);
        Reference.AssertShown(screen, drm, order, width, height, seed: 3);
    }

    [Fact]
    public void A_part_of_a_framebuffer_is_shown_as_the_whole_screen()
    {
        using var device = NewDevice();
        Screen screen = device.Watch();
        var pages = Reference.Scatter(400 * 4 * 100, 1, seed: 1);
        Reference.Draw(device.Ram, pages, "BGR-", 400, 100, 1600, 0, seed: 9);

        device.DoAll(CreateBlob(1, 160000, pages), SetScanoutBlob(0, 1, 2, 400, 100, 1600, part: (101, 17, 199, 61)), Flush(1, 0, 0, 400, 100));

        device.OnLoop(() => true);
        Reference.AssertShown(screen, "XR24", "BGR-", 199, 61, seed: 9, fromX: 101, fromY: 17);
    }

    [Fact]
    public void Only_damaged_pixels_are_copied_and_others_stay_as_they_were()
    {
        using var device = NewDevice();
        Screen screen = device.Watch();
        var pages = Reference.Scatter(200 * 100 * 4, 1, seed: 1);
        Reference.Draw(device.Ram, pages, "BGR-", 200, 100, 800, 0, seed: 1);
        device.DoAll(CreateBlob(1, 80000, pages), SetScanoutBlob(0, 1, 2, 200, 100, 800), Flush(1, 0, 0, 200, 100));
        long before = device.OnLoop(() => device.Hub.BytesCopied);

        Reference.Draw(device.Ram, pages, "BGR-", 200, 100, 800, 0, seed: 2);
        device.DoAll(Flush(1, 31, 11, 57, 13));

        Assert.Equal(57 * 13 * 4, device.OnLoop(() => device.Hub.BytesCopied) - before);
        for (int y = 0; y < 100; y++)
        {
            byte[] expected = Reference.Row("BGR-", 0, 200, y, seed: 1);
            if (y is >= 11 and < 24)
            {
                Reference.Row("BGR-", 31, 57, y, seed: 2).CopyTo(expected, 31 * 4);
            }
            Assert.True(screen.Row(y).SequenceEqual(expected), $"row {y}");
        }
    }

    [Fact]
    public void Nothing_is_copied_while_nobody_looks_and_all_of_it_when_somebody_comes()
    {
        using var device = NewDevice();
        var pages = Reference.Scatter(64 * 64 * 4, 1, seed: 1);
        Reference.Draw(device.Ram, pages, "BGRA", 64, 64, 256, 0, seed: 4);
        device.DoAll(CreateBlob(1, 16384, pages), SetScanoutBlob(0, 1, 1, 64, 64, 256), Flush(1, 0, 0, 64, 64));
        Assert.Equal(0, device.OnLoop(() => device.Hub.BytesCopied));

        Screen screen = device.Watch();

        Reference.AssertShown(screen, "AR24", "BGRA", 64, 64, seed: 4);
    }

    [Fact]
    public void A_flip_shows_the_other_buffer_whole_even_when_little_is_damaged()
    {
        using var device = NewDevice();
        Screen screen = device.Watch();
        var first = Reference.Scatter(64 * 64 * 4, 1, seed: 1);
        var second = Reference.Scatter(64 * 64 * 4, 1, seed: 2, from: 8 << 20);
        Reference.Draw(device.Ram, first, "BGR-", 64, 64, 256, 0, seed: 1);
        Reference.Draw(device.Ram, second, "BGR-", 64, 64, 256, 0, seed: 2);
        device.DoAll(CreateBlob(1, 16384, first), CreateBlob(2, 16384, second));

        for (int flip = 0; flip < 6; flip++)
        {
            uint id = 1 + ((uint)flip & 1);
            device.DoAll(SetScanoutBlob(0, id, 2, 64, 64, 256), Flush(id, 0, 0, 1, 1));
            Reference.AssertShown(screen, "XR24", "BGR-", 64, 64, seed: (int)id);
        }
    }

    [Fact]
    public void A_scanout_that_is_set_but_not_flushed_is_shown_all_the_same()
    {
        using var device = NewDevice();
        Screen screen = device.Watch();
        var pages = Reference.Scatter(16384, 0, seed: 1);
        Reference.Draw(device.Ram, pages, "BGR-", 64, 64, 256, 0, seed: 5);

        device.DoAll(CreateBlob(1, 16384, pages), SetScanoutBlob(0, 1, 2, 64, 64, 256));

        device.OnLoop(() => true);
        Reference.AssertShown(screen, "XR24", "BGR-", 64, 64, seed: 5);
    }

    [Fact]
    public void Several_outputs_show_parts_of_one_resource()
    {
        using var device = NewDevice(new GpuOptions { Outputs = 3, RefreshHz = null });
        Screen[] screens = [device.Watch(0), device.Watch(1), device.Watch(2)];
        var pages = Reference.Scatter(300 * 4 * 50, 2, seed: 3);
        Reference.Draw(device.Ram, pages, "BGR-", 300, 50, 1200, 0, seed: 6);
        device.DoAll(CreateBlob(1, 60000, pages));
        for (uint i = 0; i < 3; i++)
        {
            device.DoAll(SetScanoutBlob(i, 1, 2, 300, 50, 1200, part: (i * 100, 0, 100, 50)));
        }

        device.DoAll(Flush(1, 0, 0, 300, 50));

        device.OnLoop(() => true);
        for (int i = 0; i < 3; i++)
        {
            Reference.AssertShown(screens[i], "XR24", "BGR-", 100, 50, seed: 6, fromX: i * 100);
        }
    }

    [Fact]
    public void Unref_and_detach_end_the_scanouts_of_a_blob()
    {
        using var device = NewDevice();
        Screen screen = device.Watch();
        var pages = Reference.Scatter(16384, 0, seed: 1);
        device.DoAll(CreateBlob(1, 16384, pages), SetScanoutBlob(0, 1, 2, 64, 64, 256), Unref(1));
        Assert.Equal("disable", device.OnLoop(() => screen.Events[^1]));

        device.DoAll(CreateBlob(1, 16384, pages), SetScanoutBlob(0, 1, 2, 64, 64, 256), Detach(1));
        Assert.Equal("disable", device.OnLoop(() => screen.Events[^1]));
        Assert.Equal(InvalidParameter, device.Do(SetScanoutBlob(0, 1, 2, 64, 64, 256)));

        device.DoAll(Attach(1, pages), SetScanoutBlob(0, 1, 2, 64, 64, 256), SetScanoutBlob(0, 0, 2, 64, 64, 256));
        Assert.Equal("disable", device.OnLoop(() => screen.Events[^1]));
    }

    [Theory]
    [InlineData(0u, 4096UL, 1u, 1, InvalidResource)]
    [InlineData(9u, 4096UL, 1u, 1, InvalidResource)]
    [InlineData(1u, 4096UL, 2u, 1, InvalidParameter)]
    [InlineData(1u, 4096UL, 0u, 1, InvalidParameter)]
    [InlineData(1u, 0UL, 1u, 1, InvalidParameter)]
    [InlineData(1u, 4096UL, 1u, 16385, Unspec)]
    public void Bad_blobs_are_refused(uint id, ulong size, uint blobMem, int announced, uint expected)
    {
        using var device = NewDevice();
        device.DoAll(CreateBlob(9, 4096, (4 << 20, 4096)));
        byte[] request = CreateBlob(id, size, (4 << 20, 4096));
        BitConverter.GetBytes(blobMem).CopyTo(request, 28);
        BitConverter.GetBytes(announced).CopyTo(request, 36);

        Assert.Equal(expected, device.Do(request));
        Assert.Equal(1, device.OnLoop(() => device.Device.ResourceCount));
    }

    [Theory]
    [InlineData(64 << 20, 4096)]
    [InlineData((64 << 20) - 4096, 8192)]
    [InlineData(unchecked((long)0xffff_ffff_ffff_f000), 4096)]
    [InlineData(4 << 20, 0)]
    public void Entries_outside_guest_memory_are_refused(long address, uint length)
    {
        using var device = NewDevice();
        Assert.Equal(Unspec, device.Do(CreateBlob(1, 4096, (4 << 20, 4096), ((ulong)address, length))));
        Assert.Equal(0, device.OnLoop(() => device.Device.ResourceCount));
    }

    [Theory]
    [InlineData(1u, 1u, 2u, 64u, 64u, 256u, 0u, InvalidScanout)]
    [InlineData(0u, 2u, 2u, 64u, 64u, 256u, 0u, InvalidResource)]
    [InlineData(0u, 3u, 2u, 64u, 64u, 256u, 0u, InvalidResource)]
    [InlineData(0u, 1u, 5u, 64u, 64u, 256u, 0u, InvalidParameter)]
    [InlineData(0u, 1u, 2u, 64u, 64u, 255u, 0u, InvalidParameter)]
    [InlineData(0u, 1u, 2u, 64u, 65u, 256u, 0u, InvalidParameter)]
    [InlineData(0u, 1u, 2u, 64u, 64u, 256u, 1u, InvalidParameter)]
    [InlineData(0u, 1u, 2u, 0u, 64u, 256u, 0u, InvalidParameter)]
    [InlineData(0u, 1u, 2u, 0x4000_0001u, 2u, 4u, 0u, InvalidParameter)]
    [InlineData(0u, 1u, 2u, 64u, 0xffff_ffffu, 0xffff_ffffu, 0xffff_ffffu, InvalidParameter)]
    public void Bad_scanouts_are_refused_and_change_nothing(uint scanout, uint id, uint format, uint width, uint height, uint stride, uint offset, uint expected)
    {
        using var device = NewDevice();
        Screen screen = device.Watch();
        device.DoAll(CreateBlob(1, 16384, (4 << 20, 16384)), Create2D(3, 2, 64, 64), SetScanoutBlob(0, 1, 2, 64, 64, 256));
        int events = device.OnLoop(() => screen.Events.Count);

        Assert.Equal(expected, device.Do(SetScanoutBlob(scanout, id, format, width, height, stride, offset)));
        Assert.Equal(events, device.OnLoop(() => screen.Events.Count));
    }

    [Fact]
    public void A_rectangle_outside_its_framebuffer_is_refused()
    {
        using var device = NewDevice();
        device.DoAll(CreateBlob(1, 16384, (4 << 20, 16384)));
        Assert.Equal(InvalidParameter, device.Do(SetScanoutBlob(0, 1, 2, 64, 64, 256, part: (1, 0, 64, 64))));
        Assert.Equal(InvalidParameter, device.Do(SetScanoutBlob(0, 1, 2, 64, 64, 256, part: (0xffff_ffff, 0, 2, 2))));
        Assert.Equal(InvalidParameter, device.Do(SetScanoutBlob(0, 1, 2, 64, 64, 256, part: (0, 0, 0, 64))));
    }

    [Fact]
    public void Blobs_are_refused_where_they_were_not_offered()
    {
        using var device = NewDevice(new GpuOptions { Blob = false, RefreshHz = null });
        Assert.Equal(0UL, device.Driver.OfferedFeatures & 8);
        Assert.Equal(Unspec, device.Do(CreateBlob(1, 4096, (4 << 20, 4096))));
    }

    [Fact]
    public void Resources_are_limited_in_number()
    {
        using var device = NewDevice(new GpuOptions { MaxResources = 3, RefreshHz = null });
        for (uint id = 1; id <= 3; id++)
        {
            device.DoAll(CreateBlob(id, 4096, (4 << 20, 4096)));
        }
        Assert.Equal(OutOfMemory, device.Do(CreateBlob(4, 4096, (4 << 20, 4096))));
        device.DoAll(Unref(2), CreateBlob(4, 4096, (4 << 20, 4096)));
    }

    [Fact]
    public void Lists_of_entries_count_as_host_memory()
    {
        using var device = NewDevice(new GpuOptions { MaxHostBytes = 100_000, RefreshHz = null });
        var pages = Reference.Scatter(1000 * 4096, 1, seed: 1);
        for (int i = 0; i < 20; i++)
        {
            device.DoAll(CreateBlob(1, 1000 * 4096, pages), CreateBlob(2, 1000 * 4096, pages));
            Assert.Equal(OutOfMemory, device.Do(CreateBlob(3, 1000 * 4096, pages)));
            device.DoAll(Detach(1), CreateBlob(3, 1000 * 4096, pages));
            Assert.Equal(OutOfMemory, device.Do(Attach(1, pages)));
            device.DoAll(Unref(2), Attach(1, pages), Unref(1), Unref(3));
        }
    }

    [Fact]
    public void A_copy_counts_as_host_memory_and_one_too_many_is_a_stated_obstacle()
    {
        const int limit = 64 << 20;
        using var device = new DeviceUnderTest(new GpuOptions { Outputs = 2, MaxHostBytes = limit, RefreshHz = null });
        Screen screen = device.Watch();
        // 64 KiB of guest memory, 16384 times: a picture of 1 GiB.
        (ulong, uint)[] pages = [.. Enumerable.Repeat((4UL << 20, 65536u), 16384)];
        device.DoAll(CreateBlob(1, 1UL << 30, pages), SetScanoutBlob(0, 1, 2, 16384, 16384, 65536), Flush(1, 0, 0, 16384, 16384));

        PathChoice path = device.OnLoop(() => device.Hub.GetPath(0)!);
        Assert.Equal(FramePath.None, path.Path);
        Assert.Contains("limit of 64 MiB", path.Reason, StringComparison.Ordinal);
        Assert.Contains(path.Reason, Assert.Single(device.Log, l => l.Contains("cannot be shown", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.Null(device.OnLoop(() => screen.Buffer));
        Assert.Equal(0, device.OnLoop(() => device.Hub.BytesCopied));

        // What fits is shown, is counted, and comes back when the guest is done with it.
        device.DoAll(SetScanoutBlob(0, 1, 2, 2048, 2048, 8192), Flush(1, 0, 0, 2048, 2048));
        Assert.Equal(FramePath.Copy, device.OnLoop(() => device.Hub.GetPath(0)!.Path));
        Assert.InRange(device.OnLoop(() => device.Device.HostMemory.Used), 2048 * 2048 * 4, limit);
        Assert.Equal(OutOfMemory, device.Do(Create2D(2, 2, 4096, 3840)));
        device.DoAll(SetScanoutBlob(0, 0, 0, 0, 0, 0), Create2D(2, 2, 4096, 3840), Unref(2), Unref(1));
        Assert.Equal(0, device.OnLoop(() => device.Device.HostMemory.Used));
    }

    [Fact]
    public void A_scanout_with_16384_entries_works()
    {
        using var ram = new GuestRam(160 << 20);
        using var device = NewDevice(ram: ram);
        Screen screen = device.Watch();
        var pages = Reference.Scatter(16384L * 4096, 1, seed: 8);
        Assert.Equal(16384, pages.Length);
        Reference.Draw(ram, pages, "BGR-", 4096, 4096, 16384, 0, seed: 2);

        device.DoAll(CreateBlob(1, 16384UL * 4096, pages), SetScanoutBlob(0, 1, 2, 4096, 4096, 16384), Flush(1, 0, 0, 4096, 4096));

        Reference.AssertShown(screen, "XR24", "BGR-", 4096, 4096, seed: 2);
    }
}
