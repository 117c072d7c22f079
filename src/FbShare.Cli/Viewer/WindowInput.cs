using FbShare.Display.Client;
using FbShare.Input;
using FbShare.Linux;

namespace FbShare.Cli.Viewer;

/// <summary>What the user types and points at in the window, on its way to the guest; hot keys stay here.</summary>
/// <param name="menu">Takes keys and pointer while it is open.</param>
/// <param name="settings">The hot keys, and whether the guest is to have anything at all.</param>
/// <param name="asked">Told of a hot key's action.</param>
/// <param name="grabChanged">Told when keyboard and pointer became the guest's alone, or no longer are.</param>
internal sealed class WindowInput(
    SdlWindow window, WindowSize size, WindowPointer pointer, WindowMenu menu, ViewSettings settings, Log log, Action<HotKeyAction> asked, Action grabChanged)
{
    /// <summary>How old the answer to "which kind of pointer" may be, in nanoseconds.</summary>
    private const long PointerAge = 500_000_000;

    private readonly GuestKeyboard _keyboard = new();
    private readonly GuestPointer _guestPointer = new();
    private LockKeys? _locks;
    private RemoteConsole? _console;
    private int _swallowedKey;
    private bool _refusalTold;
    private long _pointerAskedAt = -PointerAge;

    public void Attach(RemoteConsole console)
    {
        if (settings.ViewOnly)
        {
            return;
        }
        _console = console;
        _keyboard.Console = console;
        _locks = new LockKeys(_keyboard);
        _guestPointer.Console = console;
        _guestPointer.Forget();
        console.InputRefused = TellOfRefusal;
    }

    public void Detach()
    {
        _console = null;
        _keyboard.Console = null;
        _guestPointer.Console = null;
    }

    public void OnKey(int scancode, ushort modifiers, bool pressed, bool isRepeat)
    {
        if (isRepeat)
        {
            // The guest repeats by itself.
            return;
        }
        if (pressed && settings.HotKeys.Match(scancode, modifiers) is { } action)
        {
            _swallowedKey = scancode;
            asked(action);
        }
        else if (!pressed && scancode == _swallowedKey)
        {
            _swallowedKey = 0;
        }
        else if (menu.IsOpen && pressed)
        {
            // Its release is not the guest's either, which has not seen it go down.
            menu.OnKey(scancode);
        }
        else
        {
            if (pressed)
            {
                _locks?.Follow(scancode, modifiers);
            }
            _keyboard.Change(scancode, pressed);
        }
    }

    public void OnMotion(int x, int y, int dx, int dy)
    {
        if (menu.IsOpen)
        {
            (int across, int down) = ToPixels(x, y);
            menu.OnMotion(across, down);
            return;
        }
        if (!pointer.IsRelative)
        {
            _guestPointer.MoveTo(ToPicture(x, y));
        }
        else if (pointer.IsGrabbed)
        {
            _guestPointer.MoveBy(dx, dy);
        }
        else
        {
            ConsiderPointerKind();
        }
    }

    public void OnButton(int button, bool pressed, int x, int y)
    {
        if (menu.IsOpen && pressed)
        {
            (int across, int down) = ToPixels(x, y);
            menu.OnButton(across, down);
            return;
        }
        if (pointer.IsRelative && !pointer.IsGrabbed)
        {
            // Only the movements of a pointer that is held here can be told: the first click takes it.
            if (pressed)
            {
                SetGrab(true);
            }
            return;
        }
        if (!pointer.IsRelative)
        {
            _guestPointer.MoveTo(ToPicture(x, y));
        }
        _guestPointer.Press(button, pressed);
    }

    public void OnWheel(int x, int y) => _guestPointer.Turn(x, y);

    /// <param name="x">0 to 1 of the window.</param>
    /// <param name="y">0 to 1 of the window.</param>
    public void OnFinger(TouchKind kind, long finger, float x, float y)
    {
        (int width, int height) = window.Size;
        _guestPointer.Touch(kind, finger, size.Placement.ToPicture(x * width, y * height));
    }

    /// <summary>There are no more events for now.</summary>
    public void EndOfInput() => _guestPointer.Flush();

    /// <summary>Lets keys, buttons and the grab go: the window has lost the focus.</summary>
    public void LetGo()
    {
        _keyboard.LetGo();
        _guestPointer.LetGo();
        SetGrab(false);
    }

    public void ToggleGrab() => SetGrab(!pointer.IsGrabbed);

    public void SetGrab(bool on)
    {
        if (pointer.SetGrab(on && !settings.ViewOnly))
        {
            grabChanged();
        }
    }

    /// <summary>Opens or closes the menu, for which the guest lets go of everything.</summary>
    public void ToggleMenu()
    {
        if (!menu.IsOpen)
        {
            LetGo();
        }
        menu.Toggle();
    }

    public void SendCtrlAltDel() => _keyboard.SendCtrlAltDel();

    /// <summary>Presses and releases Ctrl+Alt and a key in the guest.</summary>
    public void SendWithCtrlAlt(int scancode) => _keyboard.SendWithCtrlAlt(scancode);

    private (int X, int Y) ToPixels(int x, int y) => ((int)((x + 0.5) * window.PixelScale), (int)((y + 0.5) * window.PixelScale));

    private (int X, int Y) ToPicture(int x, int y)
    {
        double scale = window.PixelScale;
        return size.Placement.ToPicture((x + 0.5) * scale, (y + 0.5) * scale);
    }

    /// <summary>Whether the guest's driver takes positions by now: asked at most once in a while, when the user points.</summary>
    private void ConsiderPointerKind()
    {
        if (EventLoop.Now - _pointerAskedAt >= PointerAge)
        {
            _pointerAskedAt = EventLoop.Now;
            _console?.RefreshPointer();
        }
    }

    private void TellOfRefusal(InputRefusal refusal)
    {
        if (refusal.Kind == InputRefusalKind.Misfit)
        {
            // The guest has another kind of pointer, or another size, than a moment ago.
            ConsiderPointerKind();
        }
        else if (!_refusalTold)
        {
            _refusalTold = true;
            log.Warn($"the guest takes no input from here: {refusal.Reason}");
        }
    }
}
