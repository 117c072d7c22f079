using System.Runtime.InteropServices;
using FbShare.Display.Client;
using FbShare.Testing.Screens;
using Xunit;

namespace FbShare.QemuTests.Testbed;

/// <summary>Captures of a guest that draws into the very buffer it shows, as fast as its fences let it: each is one frame.</summary>
public sealed class CaptureTests
{
    private const int Captures = 30;

    [Fact]
    public Task A_capture_of_a_copy_is_one_frame() => AssertWhole(zeroCopy: false);

    [TestbedFact]
    [Trait("Category", "Testbed")]
    public Task A_capture_of_the_guest_s_own_pages_is_one_frame() => AssertWhole(zeroCopy: true);

    private static async Task AssertWhole(bool zeroCopy)
    {
        using var guest = new DrivenGuest();
        guest.Show(new byte[DrivenGuest.Width * DrivenGuest.Height * 3]);
        await using GuestDisplay display = GuestDisplay.Connect(new DisplayAddress(DisplayAddressKind.Unix, guest.Display));
        Screen screen = display.Screen(0, zeroCopy);
        using var enough = new CancellationTokenSource();
        Task drawing = Task.Run(() =>
        {
            for (uint frame = 1; !enough.IsCancellationRequested; frame++)
            {
                guest.Paint(frame);
            }
        });

        uint first = 0, last = 0;
        for (int i = 0; i < Captures; i++)
        {
            await screen.WaitChangedAsync();
            ScreenCapture capture = await screen.CaptureAsync();
            uint frame = FrameOf(capture);
            Assert.True(frame >= last, $"frame {frame} after frame {last}");
            first = first == 0 ? frame : first;
            last = frame;
        }
        await enough.CancelAsync();
        await drawing;

        Assert.True(last > first, "the guest drew nothing");
        // On a host that cannot read the pages in the time that the guest waits, the display is asked for copies in the end.
        Assert.True(zeroCopy || guest.BytesCopied > 0);
    }

    /// <summary>What all pixels are; fails where some are of another frame.</summary>
    private static uint FrameOf(ScreenCapture capture)
    {
        ReadOnlySpan<uint> pixels = MemoryMarshal.Cast<byte, uint>(capture.Pixels);
        int other = pixels.IndexOfAnyExcept(pixels[0]);
        Assert.True(other < 0, other < 0 ? "" : $"the first pixel is of frame {pixels[0]}, and number {other} of {pixels.Length} of frame {pixels[other]}");
        return pixels[0];
    }
}
