namespace FbShare.Input;

/// <summary>Takes the keyboard, pointer and touch input of a display client. Called on the device's loop.</summary>
/// <remarks>The numbers are those of QEMU's display protocol and have been checked, so a sink can pass them on as they are.</remarks>
public interface IInputSink
{
    /// <summary>Whether the guest's pointer takes positions (a tablet) rather than movements.</summary>
    bool IsAbsolute { get; }

    /// <summary>A key by QEMU's number (QKeyCode's "number"): the XT scancode, plus 0x80 for keys whose scancode has the prefix 0xe0.</summary>
    void Key(uint number, bool pressed);

    void Button(MouseButton button, bool pressed);

    /// <summary>The pointer is at pixel (x, y) of the guest's desktop, which spans all outputs and has the given size.</summary>
    void MoveTo(int x, int y, int width, int height);

    void MoveBy(int dx, int dy);

    /// <summary>A finger's place, in pixels of the guest's desktop, which has the given size.</summary>
    void Touch(TouchKind kind, int slot, double x, double y, int width, int height);
}

/// <summary>InputButton (qapi/ui.json), numbered as in the display protocol.</summary>
public enum MouseButton
{
    Left = 0,
    Middle = 1,
    Right = 2,
    WheelUp = 3,
    WheelDown = 4,
    Side = 5,
    Extra = 6,
    WheelLeft = 7,
    WheelRight = 8,
}

/// <summary>What a finger did.</summary>
public enum TouchKind
{
    Begin = 0,
    Update = 1,
    End = 2,
    Cancel = 3,
}
