using System.Globalization;
using FbShare.Display.Client;
using FbShare.Linux;
using FbShare.Tests.Display;
using FbShare.Tests.Memory;
using static FbShare.Rig.Driver.Commands;

namespace FbShare.Tests.Device;

/// <summary>Viewers, front-ends and resets come and go, and nothing is left: some hundreds here, ten thousand by tools/soak --lives. Counts what the
/// whole process has, so nothing may run beside it.</summary>
[Collection(nameof(LongLifeTests))]
[CollectionDefinition(nameof(LongLifeTests), DisableParallelization = true)]
public sealed class LongLifeTests
{
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

    /// <summary>Lives many lives, and compares what the process has after them with what it had after a tenth of them.</summary>
    private static void Repeat(Action live)
    {
        Live(Lives / 10);
        (int descriptors, int mappings, long heap) = Count();
        Live(Lives);
        (int descriptorsAfter, int mappingsAfter, long heapAfter) = Count();

        Assert.InRange(descriptorsAfter, 0, descriptors + 3);
        Assert.InRange(mappingsAfter, 0, mappings + 30);
        // 300 bytes in each life would be too many.
        Assert.InRange(heapAfter, 0, heap + (300L * Math.Max(Lives, 1000)));

        void Live(int times)
        {
            for (int i = 0; i < times; i++)
            {
                live();
            }
        }
    }

    private static (int Descriptors, int Mappings, long Heap) Count()
    {
        // What was left to finalizers is a leak here only if they do not help.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return (Directory.GetFiles("/proc/self/fd").Length, File.ReadLines("/proc/self/maps").Count(), GC.GetTotalMemory(forceFullCollection: true));
    }

    private static void Show(DeviceUnderTest device) => device.DoAll(
        CreateBlob(1, Width * Height * 4, Pages), SetScanoutBlob(0, 1, 2, Width, Height, Width * 4), Flush(1, 0, 0, Width, Height),
        Create2D(2, 2, 8, 8), SetScanout(0, 2, 0, 0, 8, 8), Flush(2, 0, 0, 8, 8));
}
