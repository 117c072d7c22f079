namespace FbShare.QemuTests;

/// <summary>What a guest's input devices feel, as <c>card evdev</c> in it tells.</summary>
internal static class GuestEvents
{
    /// <summary>Waits for an event; those before it are passed over.</summary>
    /// <inheritdoc cref="EventsUntil(Guest, int, int, int)"/>
    public static void WaitForEvent(this Guest guest, int type, int code, int value) => EventsUntil(guest.WaitForLine, type, code, value);

    /// <inheritdoc cref="WaitForEvent(Guest, int, int, int)"/>
    public static void WaitForEvent(this GuestMachine guest, int type, int code, int value) => EventsUntil(guest.WaitForLine, type, code, value);

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

    /// <summary>Waits until the tablet is at a pixel of the guest's desktop of this size: the least value, on QEMU's axis from 0 to
    /// 32767, that is not on the pixel before.</summary>
    public static void WaitForPlace(this Guest guest, int x, int y, int width, int height)
    {
        guest.WaitForEvent(3, 0, (int)Math.Ceiling(x * 32767 / (width - 1.0)));
        guest.WaitForEvent(3, 1, (int)Math.Ceiling(y * 32767 / (height - 1.0)));
    }
}
