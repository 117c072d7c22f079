using FbShare.Display.Client;
using FbShare.Tests.Memory;
using Xunit;

namespace FbShare.Tests.Display;

/// <summary>Counts what the whole process has open, so nothing may run beside it.</summary>
[Collection(nameof(DisplayLeakTests))]
[CollectionDefinition(nameof(DisplayLeakTests), DisableParallelization = true)]
public sealed class DisplayLeakTests
{
    [Fact]
    public void Clients_that_come_and_go_leave_no_descriptor_behind()
    {
        using var fixture = new DisplayFixture();
        using var pages = new TestPages(1 << 20);
        fixture.Hub.SetScanout(0, fixture.DmaBufPicture(pages, 0, 32, 8, bands: 2));
        fixture.Hub.Commit();
        int before = 0;
        for (int i = 0; i < 40; i++)
        {
            using DisplayClient client = DisplayClient.Connect(fixture.Loop, fixture.Address);
            var view = new RecordingView();
            client.Consoles[0].Watch(view, takeDmaBuf: i % 2 == 0);
            fixture.RunUntil(() => view.Updates.Count == 1);
            client.Dispose();
            fixture.RunUntil(() => fixture.Server is { ListenerCount: 0, PeerCount: 0 });
            if (i == 3)
            {
                before = OpenSockets();
            }
        }
        Assert.InRange(OpenSockets(), 0, before);
    }

    private static int OpenSockets() => Directory.GetFiles("/proc/self/fd").Count(f => new FileInfo(f).LinkTarget is { } target
        && (target.Contains("socket:", StringComparison.Ordinal) || target.Contains("memfd:", StringComparison.Ordinal) || target.Contains("timerfd", StringComparison.Ordinal)));
}
