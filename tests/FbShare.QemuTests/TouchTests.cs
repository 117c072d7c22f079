using FbShare.Cli.Viewer;
using FbShare.Display.Client;
using FbShare.Display.Server;
using FbShare.Input;
using FbShare.Linux;

namespace FbShare.QemuTests;

/// <summary>Fingers, from what the window system calls them to what a guest's touch screen feels. (SDL's own events are not made here: nothing that
/// these machines have can touch a window.)</summary>
public class TouchTests
{
    private const int Slot = 47;
    private const int X = 53;
    private const int Y = 54;
    private const int Tracking = 57;

    [QemuFact]
    public void Fingers_by_any_name_are_the_guest_s_touch_points()
    {
        using var guest = new Guest(new GuestOptions { Input = true, Pointer = "virtio-multitouch-pci" });
        guest.Type("card still &");
        guest.WaitForLine("card: shown");
        guest.Ask("card evdev", "card: reading");
        using var loop = new EventLoop();
        using DisplayClient client = DisplayClient.Connect(loop, new DisplayAddress(DisplayAddressKind.Unix, guest.Display));
        RemoteConsole console = client.Consoles[0];
        string? refusal = null;
        console.InputRefused = refused => refusal = refused.Reason;
        var pointer = new GuestPointer { Console = console };

        Touch(TouchKind.Begin, 77_777_777_777, 600, 123);
        guest.WaitForEvent(3, Tracking, 0);
        guest.WaitForEvent(3, X, GuestEvents.Axis(600, 1280));
        guest.WaitForEvent(3, Y, GuestEvents.Axis(123, 800));
        Touch(TouchKind.Begin, -5, 1279, 799);
        guest.WaitForEvent(3, Slot, 1);
        guest.WaitForEvent(3, Tracking, 1);
        guest.WaitForEvent(3, X, 32767);
        guest.WaitForEvent(3, Y, 32767);
        Touch(TouchKind.Update, 77_777_777_777, 601, 124);
        guest.WaitForEvent(3, Slot, 0);
        guest.WaitForEvent(3, X, GuestEvents.Axis(601, 1280));
        guest.WaitForEvent(3, Y, GuestEvents.Axis(124, 800));
        // The first place that is free is the next finger's.
        Touch(TouchKind.End, 77_777_777_777, 601, 124);
        guest.WaitForEvent(3, Tracking, -1);
        Touch(TouchKind.Begin, 9, 300, 200);
        guest.WaitForEvent(3, Tracking, 0);
        guest.WaitForEvent(3, Y, GuestEvents.Axis(200, 800));
        // A finger that nobody saw come is not passed on.
        Touch(TouchKind.Update, 1234, 5, 5);
        Touch(TouchKind.End, -5, 1279, 799);
        Assert.DoesNotContain(guest.EventsUntil(3, Tracking, -1), e => e.Contains($"code={X} ", StringComparison.Ordinal));

        void Touch(TouchKind kind, long finger, int x, int y)
        {
            pointer.Touch(kind, finger, (x, y));
            loop.RunOnce(0);
            Assert.Null(refusal);
        }
    }
}
