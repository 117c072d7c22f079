namespace FbShare.QemuTests;

/// <summary>What a guest's input devices feel, as <c>card evdev</c> in it tells.</summary>
internal static class GuestEvents
{
    /// <summary>Waits for an event; those before it are passed over.</summary>
    /// <param name="type">EV_* (linux/input-event-codes.h): 1 a key or button, 2 a movement, 3 a place.</param>
    /// <param name="code">As there.</param>
    public static void WaitForEvent(this Guest guest, int type, int code, int value)
    {
        string wanted = $" type={type} code={code} value={value}";
        while (!guest.WaitForLine("card: event").EndsWith(wanted, StringComparison.Ordinal))
        {
        }
    }
}
