namespace FbShare.QemuTests;

/// <summary>What a guest's input devices feel, as <c>card evdev</c> in it tells.</summary>
internal static class GuestEvents
{
    /// <summary>Waits for an event; those before it are passed over.</summary>
    /// <inheritdoc cref="EventsUntil(Guest, int, int, int)"/>
    public static void WaitForEvent(this Guest guest, int type, int code, int value) => EventsUntil(guest.WaitForLine, type, code, value);

    /// <inheritdoc cref="WaitForEvent(Guest, int, int, int)"/>
    public static void WaitForEvent(this TestGuest guest, int type, int code, int value) => EventsUntil(guest.WaitForLine, type, code, value);

    /// <summary>Waits until a key or button went down and up.</summary>
    /// <param name="code">As in linux/input-event-codes.h.</param>
    public static void WaitForStroke(this Guest guest, int code) => AwaitStroke(guest.WaitForLine, code);

    /// <inheritdoc cref="WaitForStroke(Guest, int)"/>
    public static void WaitForStroke(this TestGuest guest, int code) => AwaitStroke(guest.WaitForLine, code);

    /// <summary>Waits for an event.</summary>
    /// <param name="type">EV_* (linux/input-event-codes.h): 1 a key or button, 2 a movement, 3 a place.</param>
    /// <param name="code">As there.</param>
    /// <returns>It and those before it, as the guest told them.</returns>
    public static List<string> EventsUntil(this Guest guest, int type, int code, int value) => EventsUntil(guest.WaitForLine, type, code, value);

    private static List<string> EventsUntil(Func<string, string> waitForLine, int type, int code, int value)
    {
        string wanted = $" type={type} code={code} value={value}";
        var events = new List<string>();
        do
        {
            events.Add(waitForLine("card: event"));
        }
        while (!events[^1].EndsWith(wanted, StringComparison.Ordinal));
        return events;
    }

    /// <summary>Waits until the tablet is at a pixel of the guest's desktop of this size.</summary>
    public static void WaitForPlace(this Guest guest, int x, int y, int width, int height)
    {
        guest.WaitForEvent(3, 0, Axis(x, width));
        guest.WaitForEvent(3, 1, Axis(y, height));
    }

    /// <summary>A pixel on QEMU's axis from 0 to 32767, where the last one is 32767: the least value that is not on the pixel before.</summary>
    public static int Axis(int pixel, int size) => (int)Math.Ceiling(pixel * 32767 / (size - 1.0));

    private static void AwaitStroke(Func<string, string> waitForLine, int code)
    {
        EventsUntil(waitForLine, 1, code, 1);
        EventsUntil(waitForLine, 1, code, 0);
    }
}
