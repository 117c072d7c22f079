using FbShare.Cli;
using FbShare.Display.Client;
using FbShare.Tests.Display;
using Xunit.Abstractions;

namespace FbShare.QemuTests.Testbed;

/// <summary>A viewer's process that has the guest's own pages and is stopped: the guest draws into what it reads, so that its fences wait, but not for
/// ever.</summary>
[Collection(TestbedCollection.Name)]
[Trait("Category", "Testbed")]
[Trait("Category", "Nested")]
[Trait("Category", "Slow")]
public sealed class StoppedViewerTests(ITestOutputHelper output)
{
    private const int Frames = 20;

    /// <summary>How long a device holds a flush at most (GpuOptions), and how long the guest's driver waits for it.</summary>
    private static readonly TimeSpan Held = TimeSpan.FromMilliseconds(40), Longest = TimeSpan.FromMilliseconds(50);

    [ViewerTestbedFact("cage")]
    public void A_stopped_viewer_of_the_guest_s_own_pages_holds_a_fence_up_to_its_deadline_and_others_see_every_frame()
    {
        using var guest = new DrivenGuest();
        using var server = new XServer();
        using WaylandServer cage = WaylandServer.Cage(server, DrivenGuest.Width, DrivenGuest.Height);
        guest.Show(TestCard.Still(DrivenGuest.Width, DrivenGuest.Height, 7));
        using var viewer = new ViewerProcess(cage, guest.Display, "--renderer", "gl");
        viewer.WaitForTitle("1280x800, udmabuf");
        using var witness = new Witness(guest.Driver, new DisplayAddress(DisplayAddressKind.Unix, guest.Display), takesPages: true);
        Assert.Equal(RemotePictureSource.DmaBuf, witness.Source);

        TimeSpan[] before = witness.Draw(Frames);
        Assert.Equal(0, ProcessCalls.kill(viewer.ProcessId, ProcessCalls.SIGSTOP));
        TimeSpan[] stopped = witness.Draw(Frames);
        viewer.Kill();
        TimeSpan[] killed = witness.Draw(Frames);

        output.WriteLine($"fences waited {Median(before)} ms, {Median(stopped)} ms with a viewer that is stopped, {Median(killed)} ms once it was killed; the longest {stopped[^1].TotalMilliseconds:0.0} ms");
        // The device's timer is exact; this thread of an emulated machine is woken late now and then.
        Assert.InRange(stopped[Frames / 2], Held - TimeSpan.FromMilliseconds(1), Longest + TimeSpan.FromMilliseconds(10));
        Assert.True(killed[Frames / 2] < Held, $"a fence waited {killed[Frames / 2]} for a viewer that is gone");
        Assert.Equal(0, guest.BytesCopied);
    }

    private static string Median(TimeSpan[] waits) => waits[Frames / 2].TotalMilliseconds.ToString("0.0");
}
