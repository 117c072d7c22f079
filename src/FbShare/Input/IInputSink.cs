namespace FbShare.Input;

/// <summary>Where a display client's keys and pointers go. Called on the device's loop.</summary>
/// <remarks>Numbers are the protocol's own, checked: a sink only has to pass them on.</remarks>
public interface IInputSink
{
    /// <summary>Whether the guest's pointer takes positions (a tablet) rather than movements.</summary>
    bool IsAbsolute { get; }

    /// <summary>A key by QEMU's number: the XT scancode, 0x80 more for those behind 0xe0 (QKeyCode's "number").</summary>
    void Key(uint number, bool pressed);

    void Button(MouseButton button, bool pressed);

    /// <summary>The pointer is at pixel (x, y) of the guest's desktop, all outputs together, of the given size.</summary>
    void MoveTo(int x, int y, int width, int height);

    void MoveBy(int dx, int dy);

    /// <summary>A finger, in pixels of the guest's desktop, of the given size.</summary>
    void Touch(TouchKind kind, int slot, double x, double y, int width, int height);
}

/// <summary>InputButton (qapi/ui.json), in the protocol's numbers.</summary>
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
