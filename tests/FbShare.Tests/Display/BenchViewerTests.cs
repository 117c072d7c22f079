using FbShare.Pictures;
using FbShare.Rig.Bench;
using Xunit;

namespace FbShare.Tests.Display;

/// <summary>The bench's viewer, whose loop runs on a thread of its own.</summary>
public sealed class BenchViewerTests
{
    /// <summary>It ends in the middle of updates: its loop is never found idle, so that what is posted to it must come before its stop.</summary>
    [Fact]
    public async Task A_viewer_that_ends_while_pictures_come_has_disconnected()
    {
        using var fixture = new DisplayFixture();
        fixture.Hub.SetScanout(0, fixture.HostPicture(DrmFormat.XR24, 8, 8, 32, 0, i => (byte)i));
        for (int round = 0; round < 20; round++)
        {
            BenchViewer viewer = await WhileServing(fixture, () => new BenchViewer(fixture.Path, takeDmaBuf: false));

            await WhileServing(fixture, () =>
            {
                viewer.Dispose();
                return true;
            });

            fixture.RunUntil(() => fixture.Server.PeerCount == 0);
        }
    }

    /// <summary>Flushes and serves until something is done elsewhere.</summary>
    private static Task<T> WhileServing<T>(DisplayFixture fixture, Func<T> action)
    {
        var task = Task.Run(action);
        while (!task.IsCompleted)
        {
            fixture.Hub.Flush(0, new Rect(0, 0, 8, 8));
            fixture.Loop.RunOnce(1);
        }
        return task;
    }
}
