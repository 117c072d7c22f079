namespace FbShare.Input;

/// <summary>Takes the keyboard, pointer and touch input of a display client. Called on the device's loop.</summary>
/// <remarks>The numbers are those of QEMU's display protocol and have been checked, so a sink can pass them on as they are.</remarks>
public interface IInputSink
{
    /// <summary>Whether the guest's pointer takes positions (a tablet) rather than movements.</summary>
    bool IsAbsolute { get; }

    /// <summary>A key by QEMU's number (QKeyCode's "number"): the XT scancode, plus 0x80 for keys whose scancode has the prefix 0xe0.</summary>
    void Key(uint number, bool pressed);

    /// <summary>Presses or releases a button of the mouse.</summary>
    void Button(MouseButton button, bool pressed);

    /// <summary>The pointer is at pixel (x, y) of the guest's desktop, which spans all outputs and has the given size.</summary>
    void MoveTo(int x, int y, int width, int height);

    /// <summary>Moves the pointer by a distance, for mice that tell no place.</summary>
    void MoveBy(int dx, int dy);

    /// <summary>A finger's place, in pixels of the guest's desktop, which has the given size.</summary>
    void Touch(TouchKind kind, int slot, double x, double y, int width, int height);
}

/// <summary>InputButton (qapi/ui.json), numbered as in the display protocol.</summary>
public enum MouseButton
{
    /// <summary>The left button.</summary>
    Left = 0,

    /// <summary>The middle button, often the wheel itself.</summary>
    Middle = 1,

    /// <summary>The right button.</summary>
    Right = 2,

    /// <summary>One step of the wheel away from the user.</summary>
    WheelUp = 3,

    /// <summary>One step of the wheel towards the user.</summary>
    WheelDown = 4,

    /// <summary>The button for "back".</summary>
    Side = 5,

    /// <summary>The button for "forward".</summary>
    Extra = 6,

    /// <summary>One step of the wheel to the left.</summary>
    WheelLeft = 7,

    /// <summary>One step of the wheel to the right.</summary>
    WheelRight = 8,
}

/// <summary>What a finger did.</summary>
public enum TouchKind
{
    /// <summary>A finger touches.</summary>
    Begin = 0,

    /// <summary>A finger moves.</summary>
    Update = 1,

    /// <summary>A finger is lifted.</summary>
    End = 2,

    /// <summary>The touch counts for nothing, because something else took it over.</summary>
    Cancel = 3,
}
