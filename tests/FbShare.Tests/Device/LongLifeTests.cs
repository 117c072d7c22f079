using System.Globalization;
using FbShare.Display.Client;
using FbShare.Linux;
using FbShare.Tests.Display;
using FbShare.Tests.Memory;
using Xunit.Abstractions;
using static FbShare.Rig.Driver.Commands;

namespace FbShare.Tests.Device;

/// <summary>Viewers, front-ends, resets, flips and resources come and go, and nothing is left: some hundreds here, ten thousand (a hundred thousand resources, a million
/// flips) by tools/soak --lives. Counts what the whole process holds, so nothing may run beside it.</summary>
[Collection(nameof(LongLifeTests))]
[CollectionDefinition(nameof(LongLifeTests), DisableParallelization = true)]
public sealed class LongLifeTests(ITestOutputHelper output)
{
    private const int ResourcesInALife = 10, FlipsInALife = 100;

    private const int Width = 64, Height = 48;

    private static readonly int Lives = int.Parse(Environment.GetEnvironmentVariable("FBSHARE_LIVES") ?? "300", CultureInfo.InvariantCulture);
    private static readonly (ulong, uint)[] Pages = Reference.Scatter(Width * Height * 4, 1, seed: 1);

    [Theory]
    [InlineData(Transport.VhostUser)]
    [InlineData(Transport.VfioUser)]
    public void Front_ends_by_the_thousand_leave_nothing_behind(Transport transport)
    {
        using var device = new DeviceUnderTest(transport: transport);
        Repeat(() =>
        {
            Show(device);
            device.Reconnect();
        });
    }

    [Theory]
    [InlineData(Transport.VhostUser)]
    [InlineData(Transport.VfioUser)]
    public void Resets_by_the_thousand_leave_nothing_behind(Transport transport)
    {
        using var device = new DeviceUnderTest(transport: transport);
        Repeat(() =>
        {
            Show(device);
            Reset(device, transport);
        });
    }

    /// <summary>QEMU tells a vhost-user device of no reset: all its rings stop, and begin at 0.</summary>
    private static void Reset(DeviceUnderTest device, Transport transport)
    {
        if (transport == Transport.VfioUser)
        {
            device.Driver.StartAnew();
            return;
        }
        device.FrontEnd.StopQueue(0);
        device.FrontEnd.StopQueue(1);
        device.Driver.Control.Reset();
        device.Driver.Cursor.Reset();
        device.FrontEnd.StartQueue(0, device.Driver.Control, 0);
        device.FrontEnd.StartQueue(1, device.Driver.Cursor, 0);
    }

    [Theory]
    [InlineData(Transport.VhostUser)]
    [InlineData(Transport.VfioUser)]
    public void Resources_by_the_thousand_leave_nothing_behind(Transport transport)
    {
        using var device = new DeviceUnderTest(transport: transport);
        Repeat(() =>
        {
            for (uint i = 1; i <= ResourcesInALife; i += 2)
            {
                device.DoAll(CreateBlob(i, Width * Height * 4, Pages), Create2D(i + 1, 2, Width, Height), Attach(i + 1, Pages), Transfer(i + 1, 0, 0, Width, Height, 0));
                device.DoAll(SetScanoutBlob(0, i, 2, Width, Height, Width * 4), Flush(i, 0, 0, Width, Height), SetScanout(0, i + 1, 0, 0, Width, Height), Flush(i + 1, 0, 0, Width, Height));
                device.DoAll(Detach(i + 1), Unref(i), Unref(i + 1));
            }
        });
        Assert.Equal(0, device.OnLoop(() => device.Device.ResourceCount));
    }

    [Theory]
    [InlineData(Transport.VhostUser)]
    [InlineData(Transport.VfioUser)]
    public void Flips_by_the_thousand_leave_nothing_behind(Transport transport)
    {
        using var device = new DeviceUnderTest(transport: transport);
        device.DoAll(CreateBlob(1, Width * Height * 4, Pages), CreateBlob(2, Width * Height * 4, Pages));
        byte[][] flips =
        [
            SetScanoutBlob(0, 1, 2, Width, Height, Width * 4), Flush(1, 0, 0, Width, Height, fence: 1),
            SetScanoutBlob(0, 2, 2, Width, Height, Width * 4), Flush(2, 0, 0, Width, Height, fence: 2),
        ];
        Repeat(() =>
        {
            for (int i = 0; i < FlipsInALife; i += 2)
            {
                device.DoAll(flips);
            }
        });
    }

    [Fact]
    public void Viewers_by_the_thousand_leave_nothing_behind()
    {
        using var fixture = new DisplayFixture();
        using var pages = new TestPages(1 << 20);
        fixture.Hub.SetScanout(0, fixture.DmaBufPicture(pages, 0, 32, 8, bands: 2));
        fixture.Hub.Commit();
        int life = 0;
        Repeat(() =>
        {
            using DisplayClient client = DisplayClient.Connect(fixture.Loop, fixture.Address);
            var view = new RecordingView();
            client.Consoles[0].Watch(view, takeDmaBuf: life++ % 2 == 0);
            fixture.RunUntil(() => view.Updates.Count == 1);
            client.Dispose();
            fixture.RunUntil(() => fixture.Server is { ListenerCount: 0, PeerCount: 0 });
        });
    }

    /// <summary>Lives many lives, and compares what the process holds after them with what it held after a tenth of them.</summary>
    private void Repeat(Action live)
    {
        Live(Lives / 10);
        HeldResources before = HeldResources.Now();
        long start = Environment.TickCount64;
        Live(Lives);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Lives} lives in {(Environment.TickCount64 - start) / 1000.0:0.0} s"));
        HeldResources after = HeldResources.Now();
        output.WriteLine($"before: {before}\nafter:  {after}");

        Assert.InRange(after.Descriptors, 0, before.Descriptors + 3);
        Assert.InRange(after.Mappings, 0, before.Mappings + 30);
        // 300 bytes in each life would be too many.
        Assert.InRange(after.Heap, 0, before.Heap + (300L * Math.Max(Lives, 1000)));
        Assert.InRange(after.Resident, 0, before.Resident + (32 << 20));

        void Live(int times)
        {
            for (int i = 0; i < times; i++)
            {
                live();
            }
        }
    }

    private static void Show(DeviceUnderTest device) => device.DoAll(
        CreateBlob(1, Width * Height * 4, Pages), SetScanoutBlob(0, 1, 2, Width, Height, Width * 4), Flush(1, 0, 0, Width, Height),
        Create2D(2, 2, 8, 8), SetScanout(0, 2, 0, 0, 8, 8), Flush(2, 0, 0, 8, 8));
}
