using FbShare.Capture;
using FbShare.Testing.Screens;

namespace FbShare.Tests.Testing;

internal static class ScreenPixels
{
    /// <summary>Waits until a pixel's blue is as it was drawn.</summary>
    public static async Task WaitForPixelAsync(this Screen screen, int x, int y, byte blue)
    {
        long end = FbShare.Linux.EventLoop.Now + 20_000_000_000;
        while (true)
        {
            Picture picture = (await screen.CaptureAsync()).Picture;
            if (picture.Width > x && picture.Height > y && picture[x, y].Blue == blue)
            {
                return;
            }
            Assert.True(FbShare.Linux.EventLoop.Now < end, $"the pixel {x},{y} never got {blue}");
        }
    }
}
