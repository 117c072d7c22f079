using System.Runtime.InteropServices;
using FbShare.Display.Client;
using FbShare.Linux;
using FbShare.Tests.Memory;
using Xunit;

namespace FbShare.Tests.Display;

/// <summary>Counts what the whole process has open, so nothing may run beside it.</summary>
[Collection(nameof(DisplayLeakTests))]
[CollectionDefinition(nameof(DisplayLeakTests), DisableParallelization = true)]
public sealed partial class DisplayLeakTests
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

    [Fact]
    public void A_display_that_has_no_descriptor_for_a_client_turns_it_away_with_a_reason_and_lets_the_next_in()
    {
        using var fixture = new DisplayFixture();
        using UnixSocket client = UnixSocket.Connect(fixture.Path);
        RLimit before;
        Assert.Equal(0, getrlimit(OpenFiles, out before));
        int lowest = File.OpenHandle("/dev/null") is { } free ? Take(free) : 0;
        Assert.Equal(0, setrlimit(OpenFiles, before with { Soft = (ulong)lowest }));
        try
        {
            fixture.Loop.RunOnce(1000);
        }
        finally
        {
            Assert.Equal(0, setrlimit(OpenFiles, before));
        }
        Assert.Equal(0, fixture.Server.PeerCount);
        Assert.Contains("a client was turned away", Assert.Single(fixture.Log), StringComparison.Ordinal);

        using UnixSocket next = UnixSocket.Connect(fixture.Path);
        fixture.RunUntil(() => fixture.Server.PeerCount == 1);

        static int Take(Microsoft.Win32.SafeHandles.SafeFileHandle handle)
        {
            using (handle)
            {
                return (int)handle.DangerousGetHandle();
            }
        }
    }

    private const int OpenFiles = 7;

    [LibraryImport("libc")]
    private static partial int getrlimit(int resource, out RLimit limit);

    [LibraryImport("libc")]
    private static partial int setrlimit(int resource, in RLimit limit);

    /// <summary>struct rlimit (sys/resource.h).</summary>
    private record struct RLimit(ulong Soft, ulong Hard);

    private static int OpenSockets() => Directory.GetFiles("/proc/self/fd").Count(f => new FileInfo(f).LinkTarget is { } target
        && (target.Contains("socket:", StringComparison.Ordinal) || target.Contains("memfd:", StringComparison.Ordinal) || target.Contains("timerfd", StringComparison.Ordinal)));
}
