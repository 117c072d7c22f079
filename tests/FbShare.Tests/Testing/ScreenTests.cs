using System.Diagnostics;
using FbShare.Capture;
using FbShare.Display.Client;
using FbShare.Pictures;
using FbShare.Testing.Screens;
using Xunit;

namespace FbShare.Tests.Testing;

public sealed class ScreenTests
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(150);
    private static readonly WaitOptions Briefly = new() { Timeout = TimeSpan.FromMilliseconds(400), WritesFailureFiles = false };

    [Fact]
    public async Task A_capture_is_the_last_frame_and_says_which()
    {
        using var fixture = new ScreenFixture();
        ScreenFixture.Surface surface = fixture.Show(33, 7);
        ScreenCapture first = await fixture.Screen.CaptureAsync();
        surface.Fill(new Rect(3, 2, 5, 4), 0xFF102030);
        ScreenMatch changed = await fixture.Screen.WaitForAnyAsync([new StillTarget(Short)]);
        ScreenCapture second = await fixture.Screen.CaptureAsync();

        Assert.Equal((33, 7, 132, DrmFormat.XR24), (second.Width, second.Height, second.Stride, second.Format));
        Assert.Equal((0x10, 0x20, 0x30, 255), second.Picture[3, 2]);
        Assert.Equal((0x10, 0x20, 0x30, 255), second.Picture[7, 5]);
        Assert.Equal((0, 0, 0, 255), second.Picture[8, 5]);
        Assert.Equal((0, 0, 0, 255), first.Picture[3, 2]);
        Assert.Equal(first.Stamp.Sequence + 1, second.Stamp.Sequence);
        Assert.Equal(first.Stamp.Flush + 1, second.Stamp.Flush);
        Assert.Equal(second.Stamp, changed.Capture.Stamp);
        Assert.Equal([0x89, (byte)'P', (byte)'N', (byte)'G'], second.ToPng()[..4]);
    }

    [Fact]
    public async Task A_cursor_that_blinks_keeps_a_screen_from_being_still_unless_it_is_excluded()
    {
        using var fixture = new ScreenFixture();
        ScreenFixture.Surface surface = fixture.Show(64, 48);
        var cursor = new Rect(8, 16, 2, 4);
        using var enough = new CancellationTokenSource();
        Task blinking = Task.Run(() =>
        {
            for (uint i = 0; !enough.IsCancellationRequested; i++)
            {
                surface.Fill(cursor, i);
            }
        });

        await fixture.Screen.WaitChangedAsync();
        ScreenTimeoutException failure = await Assert.ThrowsAsync<ScreenTimeoutException>(
            () => fixture.Screen.WaitStillAsync(TimeSpan.FromSeconds(1), Briefly with { Timeout = TimeSpan.FromSeconds(1.5) }));
        await fixture.Screen.WaitStillAsync(Short, new WaitOptions { Region = new ScreenRegion(null, [cursor]) });
        await fixture.Screen.WaitStillAsync(Short, new WaitOptions { Region = new ScreenRegion(new Rect(0, 20, 64, 28), []) });
        await enough.CancelAsync();
        await blinking;

        Assert.Equal(ScreenStateKind.Busy, failure.Report.State.Kind);
        Assert.Contains("never stood still", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_flush_that_changes_no_pixel_is_no_change()
    {
        using var fixture = new ScreenFixture();
        ScreenFixture.Surface surface = fixture.Show(64, 48);
        surface.Fill(new Rect(0, 0, 64, 48), 0x00808080);
        await fixture.Screen.CaptureAsync();
        Task<ScreenMatch> wait = fixture.Screen.WaitChangedAsync(Briefly);
        // The fourth byte is not shown.
        surface.Fill(new Rect(0, 0, 64, 48), 0xFF808080);

        ScreenTimeoutException failure = await Assert.ThrowsAsync<ScreenTimeoutException>(() => wait);

        Assert.Contains("stayed as it was", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_frame_that_is_read_too_late_counts_when_no_other_comes_and_counts_once()
    {
        using var fixture = new ScreenFixture();
        ScreenFixture.SharedSurface surface = fixture.ShowShared(64, 48);
        await fixture.Screen.CaptureAsync();
        Task<ScreenMatch> wait = fixture.Screen.WaitChangedAsync();
        surface.Fill(0x00102030, TimeSpan.FromMilliseconds(60));
        ScreenMatch match = await wait;
        Assert.Equal((0x10, 0x20, 0x30, 255), match.Capture.Picture[5, 5]);

        Task<ScreenMatch> again = fixture.Screen.WaitChangedAsync(Briefly);
        surface.Fill(0x00102030, TimeSpan.Zero);
        ScreenTimeoutException failure = await Assert.ThrowsAsync<ScreenTimeoutException>(() => again);
        Assert.Contains("stayed as it was", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_first_picture_is_one_frame_though_it_is_copied_while_the_guest_draws()
    {
        var all = new Rect(0, 0, 64, 48);
        var clock = new Stopwatch();
        for (int tries = 0; tries < 50; tries++)
        {
            using var fixture = new ScreenFixture();
            ScreenFixture.Surface surface = fixture.Show(64, 48);
            GuestDisplay display = fixture.Display;
            clock.Restart();
            surface.Fill(all, 0x00111111);
            surface.Draw(new Rect(0, 0, 64, 24), 0x00222222);
            Task<ScreenCapture> capture = display.Screen().CaptureAsync();
            // A guest that draws on: in this time it has not settled.
            await Task.WhenAny(capture, Task.Delay(TimeSpan.FromMilliseconds(20)));
            surface.Fill(all, 0x00222222);
            if (clock.Elapsed < RemoteConsole.SettledAfter)
            {
                Picture picture = (await capture).Picture;
                Assert.Equal(picture[5, 40], picture[5, 5]);
                return;
            }
        }
        Assert.Fail($"this machine takes {clock.Elapsed} for two frames");
    }

    [Fact]
    public async Task A_change_counts_only_where_one_looks_for_it()
    {
        using var fixture = new ScreenFixture();
        ScreenFixture.Surface surface = fixture.Show(64, 48);
        await fixture.Screen.CaptureAsync();
        Task<ScreenMatch> here = fixture.Screen.WaitChangedAsync(new WaitOptions { Region = new ScreenRegion(new Rect(0, 0, 8, 8), []) });
        Task<ScreenMatch> there = fixture.Screen.WaitChangedAsync(Briefly with { Region = new ScreenRegion(new Rect(8, 0, 56, 48), [new Rect(20, 20, 4, 4)]) });
        // Waits begin on the display's thread, in order.
        await fixture.Screen.CaptureAsync();

        surface.Fill(new Rect(7, 7, 1, 1), 0x00FFFFFF);
        surface.Fill(new Rect(20, 20, 4, 4), 0x00FFFFFF);

        Assert.Equal((255, 255, 255, 255), (await here).Capture.Picture[7, 7]);
        await Assert.ThrowsAsync<ScreenTimeoutException>(() => there);
    }

    [Fact]
    public async Task The_first_of_several_targets_wins()
    {
        using var fixture = new ScreenFixture();
        ScreenFixture.Surface surface = fixture.Show(64, 48);
        ScreenTarget change = new ChangedTarget();
        Task<ScreenMatch> wait = fixture.Screen.WaitForAnyAsync([new StillTarget(TimeSpan.FromMinutes(1)), change]);
        await fixture.Screen.CaptureAsync();
        surface.Fill(new Rect(0, 0, 1, 1), 1);
        Assert.Same(change, (await wait).Target);
    }

    [Fact]
    public async Task Another_size_is_a_change_and_not_still()
    {
        using var fixture = new ScreenFixture();
        fixture.Show(64, 48);
        await fixture.Screen.CaptureAsync();
        Task<ScreenMatch> wait = fixture.Screen.WaitChangedAsync();
        await fixture.Screen.CaptureAsync();
        fixture.Show(48, 64);
        Assert.Equal((48, 64), ((await wait).Capture.Width, (await wait).Capture.Height));
    }

    [Theory]
    [InlineData(ScreenStateKind.Off)]
    [InlineData(ScreenStateKind.Black)]
    [InlineData(ScreenStateKind.Busy)]
    public async Task A_wait_that_fails_says_what_the_screen_was_doing(ScreenStateKind expected)
    {
        using var folder = new TemporaryFolder();
        using var fixture = new ScreenFixture();
        if (expected != ScreenStateKind.Off)
        {
            ScreenFixture.Surface surface = fixture.Show(64, 48);
            surface.Fill(new Rect(0, 0, 4, 4), expected == ScreenStateKind.Black ? 0xFF000000 : 1u);
        }

        ScreenTimeoutException failure = await Assert.ThrowsAsync<ScreenTimeoutException>(
            () => fixture.Screen.WaitStillAsync(TimeSpan.FromMinutes(1), Briefly with { WritesFailureFiles = true, FailureFiles = folder["out.png"] }));

        Assert.Equal(expected, failure.Report.State.Kind);
        Assert.Equal(expected != ScreenStateKind.Off, File.Exists(folder["out.actual.png"]));
        Assert.Equal(expected == ScreenStateKind.Off ? [] : [folder["out.actual.png"]], failure.Report.Files);
        Assert.Contains(expected.ToString(), failure.Message, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_display_that_goes_away_ends_every_wait_with_its_reason()
    {
        using var fixture = new ScreenFixture();
        fixture.Show(64, 48);
        await fixture.Screen.CaptureAsync();
        Task<ScreenMatch> wait = fixture.Screen.WaitChangedAsync();
        await fixture.Screen.CaptureAsync();
        fixture.StopDisplay();
        DisplayException why = await Assert.ThrowsAsync<DisplayException>(() => wait);
        Assert.Contains("is gone", why.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<DisplayException>(() => fixture.Screen.CaptureAsync());
    }

    [Fact]
    public async Task A_wait_can_be_cancelled_and_a_display_closed_under_one()
    {
        using var fixture = new ScreenFixture();
        fixture.Show(64, 48);
        using var cancellation = new CancellationTokenSource();
        Task<ScreenMatch> first = fixture.Screen.WaitChangedAsync(cancellation: cancellation.Token);
        Task<ScreenMatch> second = fixture.Screen.WaitChangedAsync();
        await fixture.Screen.CaptureAsync();
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        fixture.Display.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => second);
    }

    [Fact]
    public void What_is_no_display_is_refused_at_once()
    {
        using var folder = new TemporaryFolder();
        Assert.Throws<ArgumentException>(() => GuestDisplay.Connect("vnc:1"));
        Assert.Throws<DisplayException>(() => GuestDisplay.Connect($"unix:{folder["none"]}"));
    }
}
