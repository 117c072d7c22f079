using FbShare.Display.Client;
using FbShare.Display.Server;
using FbShare.Input;

namespace FbShare.Cli.Viewer;

/// <summary>The guest's pointer, wheel and touch screen.</summary>
internal sealed class GuestPointer
{
    /// <summary>QEMU's INPUT_EVENT_SLOTS_MAX.</summary>
    private const int MostFingers = 10;

    private readonly List<MouseButton> _down = [];
    private readonly long?[] _fingers = new long?[MostFingers];
    private (int X, int Y)? _place;
    private (int X, int Y)? _pending;

    public RemoteConsole? Console { get; set; }

    /// <summary>Puts the pointer at a pixel of the picture, with the next <see cref="Flush"/>: only the last place counts.</summary>
    public void MoveTo((int X, int Y) place) => _pending = place;

    /// <summary>Tells the guest of the last place, before a button or when there are no more events.</summary>
    public void Flush()
    {
        if (_pending is { } place && _pending != _place)
        {
            Console?.MoveTo(place.X, place.Y);
            _place = place;
        }
        _pending = null;
    }

    public void MoveBy(int dx, int dy) => Console?.MoveBy(dx, dy);

    /// <param name="button">SDL's number: 1 left, 2 middle, 3 right, 4 and 5 the extra ones.</param>
    public void Press(int button, bool pressed)
    {
        MouseButton? known = button switch
        {
            1 => MouseButton.Left,
            2 => MouseButton.Middle,
            3 => MouseButton.Right,
            4 => MouseButton.Side,
            5 => MouseButton.Extra,
            _ => null,
        };
        if (known is not { } changed || pressed == _down.Contains(changed))
        {
            return;
        }
        Flush();
        if (pressed)
        {
            _down.Add(changed);
        }
        else
        {
            _down.Remove(changed);
        }
        Console?.Button(changed, pressed);
    }

    /// <summary>Turns the wheel: a click of its button for each step.</summary>
    /// <param name="x">Steps to the right.</param>
    /// <param name="y">Steps away from the user.</param>
    public void Turn(int x, int y)
    {
        Flush();
        Click(y > 0 ? MouseButton.WheelUp : MouseButton.WheelDown, Math.Abs(y));
        Click(x > 0 ? MouseButton.WheelRight : MouseButton.WheelLeft, Math.Abs(x));

        void Click(MouseButton button, int times)
        {
            for (int i = 0; i < times; i++)
            {
                Console?.Button(button, true);
                Console?.Button(button, false);
            }
        }
    }

    /// <param name="finger">The window system's name for it.</param>
    public void Touch(TouchKind kind, long finger, (int X, int Y) place)
    {
        int slot = Array.IndexOf(_fingers, finger);
        if (kind == TouchKind.Begin && slot < 0)
        {
            slot = Array.IndexOf(_fingers, null);
        }
        if (slot < 0)
        {
            return;
        }
        _fingers[slot] = kind == TouchKind.End ? null : finger;
        Console?.Touch(kind, slot, place.X, place.Y);
    }

    /// <summary>Releases every button.</summary>
    public void LetGo()
    {
        foreach (MouseButton button in _down)
        {
            Console?.Button(button, false);
        }
        _down.Clear();
    }

    /// <summary>Another guest knows nothing of the last place.</summary>
    public void Forget()
    {
        _down.Clear();
        _place = null;
        _pending = null;
        Array.Clear(_fingers);
    }
}
