using FbShare.Display.Client;
using FbShare.Display.Server;
using FbShare.Graphics;
using FbShare.Input;
using FbShare.Linux;
using FbShare.Pictures;

namespace FbShare.Cli.Viewer;

/// <summary>What the user does in the window.</summary>
internal sealed partial class GuestWindow
{
    /// <summary>The guest is asked for another size when the window has kept one for this long.</summary>
    private static readonly TimeSpan ResizeRest = TimeSpan.FromMilliseconds(200);

    /// <summary>How old the answer to "which kind of pointer" may be, in nanoseconds.</summary>
    private const long PointerAge = 500_000_000;

    private Placement _placement = new(new Rect(0, 0, 1, 1), 1, 1);
    private (int Width, int Height)? _followedSize;
    private bool _hasFollowed;
    private SdlCursor? _cursor;
    private UploadTexture? _pointerTexture;
    private CursorPosition _cursorPosition;
    private bool _hasCursor;
    private bool _isGrabbed;
    private bool _hasPointer;
    private int _swallowedKey;
    private bool _refusalTold;
    private long _pointerAskedAt = -PointerAge;

    /// <summary>Wants the whole session to do something.</summary>
    public Action<HotKeyAction>? Asked { get; set; }

    private bool IsRelative => _console is { PointerIsAbsolute: false };

    public void DefineCursor(CursorImage image)
    {
        SdlCursor? before = _cursor;
        _cursor = SdlCursor.TryCreate(image);
        _hasCursor = true;
        ConsiderPointer();
        before?.Dispose();
        _pointerTexture?.Dispose();
        _pointerTexture = new UploadTexture(_graphics.GL, FrameLayout.Packed(DrmFormat.AR24, image.Width, image.Height));
        _pointerTexture.Upload(image.Pixels.Span, new Rect(0, 0, image.Width, image.Height));
        _dirty |= DrawsGuestPointer;
    }

    public void MoveCursor(CursorPosition position)
    {
        bool changed = position.Visible != _cursorPosition.Visible;
        _cursorPosition = position;
        if (changed)
        {
            ConsiderPointer();
        }
        _dirty |= DrawsGuestPointer;
    }

    /// <summary>The host's pointer came into the window.</summary>
    public void Enter()
    {
        _hasPointer = true;
        ConsiderPointer();
    }

    /// <summary>The host's pointer is in another window of ours.</summary>
    public void Leave() => _hasPointer = false;

    public void OnWindowEvent(byte kind)
    {
        switch (kind)
        {
            case Sdl.SDL_WINDOWEVENT_SHOWN or Sdl.SDL_WINDOWEVENT_EXPOSED or Sdl.SDL_WINDOWEVENT_RESTORED:
                _dirty = true;
                break;
            case Sdl.SDL_WINDOWEVENT_SIZE_CHANGED:
                _dirty = true;
                ConsiderSize();
                break;
            case Sdl.SDL_WINDOWEVENT_HIDDEN or Sdl.SDL_WINDOWEVENT_MINIMIZED:
                Acknowledge();
                break;
            case Sdl.SDL_WINDOWEVENT_FOCUS_LOST:
                LetGo();
                break;
            case Sdl.SDL_WINDOWEVENT_CLOSE:
                Asked?.Invoke(HotKeyAction.Quit);
                break;
        }
    }

    public void OnKey(int scancode, ushort modifiers, bool pressed, bool isRepeat)
    {
        if (isRepeat)
        {
            // The guest repeats by itself.
            return;
        }
        if (pressed && _settings.HotKeys.Match(scancode, modifiers) is { } action)
        {
            _swallowedKey = scancode;
            Do(action);
        }
        else if (!pressed && scancode == _swallowedKey)
        {
            _swallowedKey = 0;
        }
        else
        {
            _keyboard.Change(scancode, pressed);
        }
    }

    public void OnMotion(int x, int y, int dx, int dy)
    {
        if (IsRelative)
        {
            if (_isGrabbed)
            {
                _pointer.MoveBy(dx, dy);
            }
            else
            {
                ConsiderPointerKind();
            }
            return;
        }
        _pointer.MoveTo(ToPicture(x, y));
    }

    public void OnButton(int button, bool pressed, int x, int y)
    {
        if (IsRelative && !_isGrabbed)
        {
            // Only the movements of a pointer that is held here can be told: the first click takes it.
            if (pressed)
            {
                SetGrab(true);
            }
            return;
        }
        if (!IsRelative)
        {
            _pointer.MoveTo(ToPicture(x, y));
        }
        _pointer.Press(button, pressed);
    }

    public void OnWheel(int x, int y) => _pointer.Turn(x, y);

    /// <param name="x">0 to 1 of the window.</param>
    /// <param name="y">0 to 1 of the window.</param>
    public void OnFinger(TouchKind kind, long finger, float x, float y)
    {
        (int width, int height) = Window.Size;
        _pointer.Touch(kind, finger, _placement.ToPicture(x * width, y * height));
    }

    /// <summary>There are no more events for now.</summary>
    public void EndOfInput() => _pointer.Flush();

    private void Do(HotKeyAction action)
    {
        switch (action)
        {
            case HotKeyAction.Grab:
                SetGrab(!_isGrabbed);
                break;
            case HotKeyAction.Fullscreen:
                Window.SetFullscreen(!Window.IsFullscreen);
                break;
            case HotKeyAction.Screenshot:
                WriteScreenshot();
                break;
            case HotKeyAction.Hud:
                ToggleHud();
                break;
            case HotKeyAction.Damage:
                _showsDamage = !_showsDamage;
                _dirty = true;
                break;
            case HotKeyAction.CtrlAltDel:
                _keyboard.SendCtrlAltDel();
                break;
            default:
                Asked?.Invoke(action);
                break;
        }
    }

    private void LetGo()
    {
        _keyboard.LetGo();
        _pointer.LetGo();
        SetGrab(false);
    }

    private void SetGrab(bool on)
    {
        if (on != _isGrabbed)
        {
            _isGrabbed = on;
            Window.SetGrab(on, IsRelative);
            ConsiderPointer();
            SetTitle();
            _dirty = true;
        }
    }

    private (int X, int Y) ToPicture(int x, int y)
    {
        double scale = Window.PixelScale;
        return _placement.ToPicture((x + 0.5) * scale, (y + 0.5) * scale);
    }

    /// <summary>Gives the host's pointer the guest's shape; the host's own where the guest has none or moves it by itself.</summary>
    private void ConsiderPointer()
    {
        if (_isGrabbed && _console is { PointerIsAbsolute: true })
        {
            // A guest whose driver has switched to positions meanwhile.
            Window.SetGrab(true, relative: false);
        }
        if (!_hasPointer)
        {
            return;
        }
        if (!_hasCursor || IsRelative || _console is null)
        {
            SdlCursor.Show(null);
        }
        else if (_cursorPosition.Visible)
        {
            SdlCursor.Show(_cursor);
        }
        else
        {
            SdlCursor.Hide();
        }
    }

    private bool DrawsGuestPointer => IsRelative && _pointerTexture is not null && _cursorPosition.Visible;

    /// <summary>A pointer that the guest moves by itself is drawn where the guest has it.</summary>
    private void DrawGuestPointer((int Width, int Height) window)
    {
        if (DrawsGuestPointer)
        {
            PictureTexture picture = _pointerTexture!.Picture;
            _graphics.Blend(picture, _placement.ToWindow(new Rect(_cursorPosition.X, _cursorPosition.Y, picture.Width, picture.Height)), window);
        }
    }

    /// <summary>A size that the user gave the window is asked of the guest, when it has rested.</summary>
    private void ConsiderSize()
    {
        if (Window.Size == _followedSize)
        {
            _resized.Cancel();
        }
        else if (_settings.Scale == ScaleMode.Follow && _console is not null)
        {
            _followedSize = null;
            _resized.SetAfter(ResizeRest);
        }
    }

    /// <summary>The window takes the size of a guest that has a new one, unless the user gives it a size right now; of its first picture whatever
    /// the scale, unless somebody gave the window a size before.</summary>
    private void FollowGuest(FrameLayout layout)
    {
        bool isFirst = !_hasFollowed && Window.IsAsOpened;
        _hasFollowed = true;
        if ((isFirst || _settings.Scale == ScaleMode.Follow) && _resized.DueAt is null && !Window.IsFullscreen && !Window.IsMaximized
            && Window.Size != (layout.Width, layout.Height))
        {
            _followedSize = (layout.Width, layout.Height);
            Window.Resize(layout.Width, layout.Height);
        }
    }

    /// <summary>Asks the guest to take the window's size.</summary>
    private void AskForSize()
    {
        (int width, int height) = Window.Size;
        if (_console is not null && (_source is null || _source.Layout.Width != width || _source.Layout.Height != height))
        {
            _console.Resize(width, height);
        }
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
            _log.Warn($"the guest takes no input from here: {refusal.Reason}");
        }
    }
}
