using FbShare.Capture;
using FbShare.Testing.Needles;
using FbShare.Testing.Screens;

namespace FbShare.QemuTests;

/// <summary>What a viewer of the kit sees.</summary>
internal static class ScreenAssert
{
    /// <summary>Waits until a screen shows just this picture.</summary>
    /// <param name="said">What the device said so far, for the message of a failure.</param>
    public static async Task ShowsAsync(Screen screen, Picture picture, Func<string> said, WaitOptions? options = null)
    {
        try
        {
            await screen.WaitForAsync(Needle.OfPicture("what was drawn", picture), options);
        }
        catch (ScreenTimeoutException e)
        {
            Assert.Fail($"{e.Message}\nthe device said:\n{said()}");
        }
    }
}
